/**
 * A worker that counts words; see `count_words.ts`.
 *
 * @module
 */

import type { TextChunk } from "../text_chunks.ts";
import { type CountedWords, type CountOptions, WordCounts } from "../word_counts.ts";
import { type Handover, serve } from "./messages.ts";

/** What the worker is asked. */
export type CountRequest =
  /** The first request. */
  | { readonly options: CountOptions }
  /** Counts the words of a chunk of text. */
  | TextChunk
  /** Wants to know what was counted; the last request. */
  | "finish";

let counts: WordCounts;

serve((request: CountRequest): Handover<CountedWords | undefined> => {
  if (request === "finish") return handOver(counts.contents());
  if ("options" in request) counts = new WordCounts(request.options);
  else counts.add(request);
  return { answer: undefined, transfer: [] };
});

function handOver(words: CountedWords): Handover<CountedWords> {
  const [bytes, starts] = [words.bytes.slice(), words.starts.slice()];
  const answer = { bytes, starts, counts: words.counts.slice() };
  return { answer, transfer: [bytes.buffer, starts.buffer, answer.counts.buffer] };
}
