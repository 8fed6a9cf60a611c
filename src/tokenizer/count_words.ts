/**
 * Counts the words of text of any size, in workers where there is much of it.
 *
 * @module
 */

import type { CountRequest } from "./parallel/count_worker.ts";
import { answersInOrder, WorkerPool } from "./parallel/worker_pool.ts";
import { SpecialTokenFinder } from "./special_tokens.ts";
import { type TextChunk, textChunks, type TextSource } from "./text_chunks.ts";
import { type CountedWords, type CountOptions, WordCounts } from "./word_counts.ts";

/** So much text is counted before workers are started: less is done sooner than they are. */
const ENOUGH_FOR_WORKERS = 4 << 20;

/** Options of {@linkcode countWords}. */
export interface CountWordsOptions extends CountOptions {
  /** How many workers to use. */
  readonly workers: number;
  /** Is told how much has been counted, and may make it wait or end it. */
  readonly afterChunk: (done: number) => Promise<void> | void;
}

/** What was counted, and how much text there was. */
export interface WordCensus {
  readonly words: CountedWords;
  readonly length: number;
}

/**
 * Counts words. The counts do not depend on the number of workers, the order of the words does.
 *
 * @param source Where the text comes from.
 * @param options How to cut it, and how many workers to use.
 * @returns The words and their counts.
 */
export async function countWords(
  source: TextSource,
  options: CountWordsOptions,
): Promise<WordCensus> {
  const { pattern, specialTokens, workers, afterChunk } = options;
  const counts = new WordCounts({ pattern, specialTokens });
  const chunks = textChunks(source, new SpecialTokenFinder(specialTokens));
  let length = 0;
  let mayUseWorkers = workers > 1;
  for await (const { parts, done } of chunks) {
    for (const { text } of parts) counts.add(text);
    length = done;
    await afterChunk(done);
    if (!mayUseWorkers || done < ENOUGH_FOR_WORKERS) continue;
    mayUseWorkers = false; // from here on they do the rest, or cannot be had
    using pool = await WorkerPool.start<CountRequest, CountedWords | undefined>({
      start: () =>
        new Worker(new URL("./parallel/count_worker.ts", import.meta.url), {
          type: "module",
        }),
      count: workers,
      setup: { options: { pattern, specialTokens } },
    });
    if (pool === undefined) continue;
    length = await countIn(pool, chunks, afterChunk);
    for (const words of await pool.askAll("finish")) counts.merge(words!);
  }
  return { words: counts.contents(), length };
}

/** Has a pool count chunks; returns how much text there was up to their end. */
async function countIn(
  pool: WorkerPool<CountRequest, CountedWords | undefined>,
  chunks: AsyncIterable<TextChunk>,
  afterChunk: CountWordsOptions["afterChunk"],
): Promise<number> {
  let length = 0;
  const requests = (async function* () {
    for await (const { parts, done } of chunks) {
      yield { parts };
      length = done;
      await afterChunk(done);
    }
  })();
  for await (const _ of answersInOrder(requests, pool));
  return length;
}
