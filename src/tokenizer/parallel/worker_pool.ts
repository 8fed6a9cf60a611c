/**
 * A group of workers that answer requests, and how many to use.
 *
 * @module
 */

import { buffersOf, type TextChunk } from "../text_chunks.ts";
import type { Reply } from "./messages.ts";

/** Requests that a worker has before it: one in work, one waiting. */
const DEPTH = 2;
/** More workers than this gain little: one thread reads and writes for all of them. */
const MOST_WORKERS = 8;

/** So many bytes of text are worth starting workers for. */
const ENOUGH_FOR_WORKERS = 4 << 20;

/** How many workers to use: as asked for, or one for each processor. */
export function workerCount(asked: number | undefined): number {
  if (typeof Worker === "undefined") return 1;
  if (asked === undefined) return Math.min(navigator.hardwareConcurrency || 1, MOST_WORKERS);
  if (Number.isInteger(asked) && asked >= 1) return asked;
  throw new RangeError(`Cannot use ${asked} workers: needed an integer of at least 1`);
}

/** When to start workers: small texts are done before they have started. */
export class WorkerPlan {
  readonly #wanted: boolean;
  readonly #sizeIsKnown: boolean;

  /** Takes how many workers there may be, and how many bytes of text there are, if it is known. */
  constructor(workers: number, size: number | undefined) {
    this.#wanted = workers > 1 && (size === undefined || size >= ENOUGH_FOR_WORKERS);
    this.#sizeIsKnown = size !== undefined;
  }

  /** Whether to start them now that so many bytes are done. */
  isTime(done: number): boolean {
    return this.#wanted && (this.#sizeIsKnown || done >= ENOUGH_FOR_WORKERS);
  }
}

/** Options of {@linkcode WorkerPool.start}. */
export interface WorkerPoolOptions<Request> {
  /** Starts one worker. */
  readonly start: () => Worker;
  /** How many to start. */
  readonly count: number;
  /** What each is asked first. */
  readonly setup: Request;
}

/** Workers that all do the same. Dispose of the pool to end them. */
export class WorkerPool<Request, Answer> implements Disposable {
  readonly #members: Member<Request, Answer>[];

  private constructor(members: Member<Request, Answer>[]) {
    this.#members = members;
  }

  /**
   * Starts workers.
   *
   * @param options What starts one, how many to start, and what each is asked first.
   * @returns The pool, or undefined if there cannot be workers: a bundle may have left their file out.
   */
  static async start<Request, Answer>(
    { start, count, setup }: WorkerPoolOptions<Request>,
  ): Promise<WorkerPool<Request, Answer> | undefined> {
    let pool: WorkerPool<Request, Answer> | undefined;
    try {
      const members = Array.from({ length: count }, () => new Member<Request, Answer>(start()));
      pool = new WorkerPool(members);
      await pool.askAll(setup);
      return pool;
    } catch {
      pool?.[Symbol.dispose]();
      return undefined;
    }
  }

  /** How many requests there can be before one must wait for another. */
  get capacity(): number {
    return this.#members.length * DEPTH;
  }

  /** Asks the worker that has least to do; the buffers in `transfer` are handed over to it. */
  ask(request: Request, transfer: Transferable[] = []): Promise<Answer> {
    const [first, ...others] = this.#members;
    const member = others.reduce((least, other) => other.load < least.load ? other : least, first!);
    return member.ask(request, transfer);
  }

  /** Asks every worker, and waits for all answers. */
  askAll(request: Request): Promise<Answer[]> {
    return Promise.all(this.#members.map((member) => member.ask(request, [])));
  }

  /** Ends the workers, whatever they are doing. */
  [Symbol.dispose](): void {
    for (const member of this.#members) member.end();
  }
}

/** One worker and the requests it has not answered yet. */
class Member<Request, Answer> {
  readonly #worker: Worker;
  readonly #pending: PromiseWithResolvers<Answer>[] = [];
  #failure: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Reply<Answer>>) => {
      const request = this.#pending.shift()!;
      if ("answer" in data) request.resolve(data.answer);
      else request.reject(toError(data.error));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#failure = new Error(`Cannot run a worker: ${event.message}`);
      for (const request of this.#pending.splice(0)) request.reject(this.#failure);
    };
  }

  get load(): number {
    return this.#pending.length;
  }

  ask(request: Request, transfer: Transferable[]): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const answer = Promise.withResolvers<Answer>();
    this.#pending.push(answer);
    this.#worker.postMessage(request, transfer);
    return answer.promise;
  }

  end(): void {
    this.#worker.terminate();
  }
}

/** An error of a worker as one of here. */
function toError({ name, message }: { readonly name: string; readonly message: string }): Error {
  return name === "RangeError" ? new RangeError(message) : new Error(message);
}

/**
 * Has a pool work on chunks of text, as many at a time as it has room for. The chunks are handed over.
 *
 * @param chunks The chunks.
 * @param pool The pool.
 * @returns The answers, in the order of the chunks.
 */
export async function* answersInOrder<Request, Answer>(
  chunks: AsyncIterable<TextChunk>,
  pool: WorkerPool<Request | TextChunk, Answer>,
): AsyncGenerator<Answer> {
  const waiting: Promise<Answer>[] = [];
  for await (const chunk of chunks) {
    const answer = pool.ask(chunk, buffersOf(chunk));
    answer.catch(() => {}); // it is reported when its turn comes
    waiting.push(answer);
    if (waiting.length >= pool.capacity) yield await waiting.shift()!;
  }
  for (const answer of waiting) yield await answer;
}
