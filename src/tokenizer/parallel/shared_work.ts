/**
 * Work on chunks of text that this thread shares with workers. It goes on here while they start, and
 * does not wait for them: a worker gets a few chunks ahead, the others are done here.
 *
 * @module
 */

import { nextTurn } from "../pauses.ts";
import { buffersOf, CHUNK, type TextChunk } from "../text_chunks.ts";
import { Helper } from "./helper.ts";
import { AnswerCount } from "./messages.ts";

/** More threads than this gain little: one of them reads and writes for all. */
const MOST_THREADS = 8;
/** So many bytes of text are worth starting workers for. */
const ENOUGH_FOR_WORKERS = 4 << 20;
/** So many answers may wait for an earlier one, before nothing else is done than wait for it. */
const MOST_WAITING = 256;
/** A worker has so many chunks before it: enough not to wait for more while this thread is busy. */
const MOST_AHEAD = 8;

/** Chunks of text, and who works on them. */
export interface SharedWork<Request, Answer> {
  /** The chunks; they are handed over. */
  readonly chunks: AsyncIterable<TextChunk>;
  /** How many bytes of text there are, if that is known. */
  readonly size: number | undefined;
  /** How many threads work, this one among them. */
  readonly threads: number;
  /** Does the work on a chunk here. */
  readonly work: (chunk: TextChunk) => Answer;
  /** Starts a worker that answers a chunk in the same way. */
  readonly start: () => Worker;
  /** What a worker is asked first. */
  readonly setup: Request;
  /** What a worker is asked at the end, if anything. */
  readonly finish?: Request;
}

/** How many threads to use: as many as asked for, or one for each processor. */
export function threadCount(asked: number | undefined): number {
  if (asked !== undefined && !(Number.isInteger(asked) && asked >= 1)) {
    throw new RangeError(`Cannot use ${asked} workers: needed an integer of at least 1`);
  }
  if (typeof Worker === "undefined") return 1;
  return asked ?? Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS);
}

/**
 * Does work on chunks of text.
 *
 * Where there is little text no worker is started: it is done before they have. Where none can be
 * (a bundle may have left their file out), all is done here.
 *
 * @param job The chunks, and who works on them.
 * @returns The answers in the order of the chunks; then those of the workers to `finish`.
 */
export async function* shareWork<Request, Answer>(
  job: SharedWork<Request, Answer>,
): AsyncGenerator<Answer> {
  const { chunks, size, work, finish } = job;
  using team = new Team(job);
  const answers: Expected<Answer>[] = [];
  let done = 0;
  for await (const chunk of chunks) {
    if ((size ?? done) >= ENOUGH_FOR_WORKERS) team.start();
    done = chunk.done;
    const elsewhere = team.give(chunk, (size ?? Infinity) - done);
    answers.push(expected(elsewhere ?? Promise.try(work, chunk)));
    if (team.size > 0 && !AnswerCount.isShared) await nextTurn(); // lets answers in, to be counted
    while (answers[0]?.isThere || answers.length > MOST_WAITING) yield await answers.shift()!.value;
  }
  for (const { value } of answers) yield await value;
  if (finish !== undefined) yield* team.askAll(finish);
}

/** An answer, and whether it is there. */
interface Expected<Answer> {
  readonly value: Promise<Answer>;
  isThere: boolean;
}

function expected<Answer>(value: Promise<Answer>): Expected<Answer> {
  const answer = { value, isThere: false };
  const settle = () => {
    answer.isThere = true;
  };
  value.then(settle, settle); // an error is reported when its turn comes
  return answer;
}

/** The workers, from when they are started. Dispose of the team to end them. */
class Team<Request, Answer> implements Disposable {
  readonly #job: SharedWork<Request, Answer>;
  #helpers: Helper<Request | TextChunk, Answer>[] | undefined;

  constructor(job: SharedWork<Request, Answer>) {
    this.#job = job;
  }

  /** Starts the workers; again, does nothing. */
  start(): void {
    if (this.#helpers !== undefined) return;
    this.#helpers = [];
    const { threads, start, setup } = this.#job;
    try {
      while (this.#helpers.length < threads - 1) this.#helpers.push(new Helper(start(), setup));
    } catch {
      // Those that did start are enough.
    }
  }

  get size(): number {
    return this.#helpers?.length ?? 0;
  }

  /**
   * Gives a chunk to the worker that has least to do, unless all have enough.
   *
   * @param chunk The chunk.
   * @param left How much text there is behind it.
   * @returns The answer, if a worker has taken the chunk.
   */
  give(chunk: TextChunk, left: number): Promise<Answer> | undefined {
    const helper = this.#helpers?.sort((a, b) => a.load - b.load)[0];
    // Near the end no more than its share of what is left: nobody is to wait for it.
    const most = Math.min(MOST_AHEAD, left / CHUNK / this.#job.threads);
    if (helper === undefined || helper.load >= most) return undefined;
    if (helper.hasStarted) return helper.ask(chunk, buffersOf(chunk));
    // A copy, which it finds when it has started. Should it never do, the work is done here.
    return helper.ask(chunk).catch((error) => {
      if (helper.hasStarted) throw error;
      return this.#job.work(chunk);
    });
  }

  /** Asks every worker that has taken part. */
  async *askAll(request: Request): AsyncGenerator<Answer> {
    const asked = this.#helpers?.filter(({ hasStarted }) => hasStarted) ?? [];
    for (const answer of await Promise.all(asked.map((helper) => helper.ask(request)))) {
      yield answer;
    }
  }

  [Symbol.dispose](): void {
    for (const helper of this.#helpers ?? []) helper.end();
  }
}
