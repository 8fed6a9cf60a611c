/**
 * Measures a tokenizer on a text: how much it compresses, how much of its vocabulary is used, and how
 * fast it is.
 *
 * @module
 */

import { Pauses } from "./pauses.ts";
import { SpecialTokenFinder } from "./special_tokens.ts";
import { sourceSize, textChunks, type TextSource } from "./text_chunks.ts";
import { decodeUtf8 } from "./text_source.ts";
import type { TextTokenizer } from "./text_tokenizer.ts";

/** What {@linkcode measureTokenizer} finds. */
export interface TokenizerStatistics {
  /** How long the text is, in bytes of UTF-8. */
  readonly bytes: number;
  /** How many tokens it has. */
  readonly tokens: number;
  /** How often each token occurs, by id. */
  readonly counts: Float64Array;
  /** How many different tokens occur. */
  readonly usedTokens: number;
  /** How long encoding took on one thread, in seconds; reading the text apart. */
  readonly seconds: number;
}

/** Options of {@linkcode measureTokenizer}. */
export interface MeasureTokenizerOptions {
  /** Is told a few times a second how many bytes were read, and how many there are if it is known. */
  readonly onProgress?: (done: number, total: number | undefined) => void;
  /** Ends the work early: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Measures a tokenizer on a text of any size.
 *
 * @example Bytes per token
 * ```ts
 * import { measureTokenizer, Tokenizer, trainBpe } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const { vocab, merges } = await trainBpe(["low low low"], { vocabSize: 259 });
 * const { bytes, tokens } = await measureTokenizer(new Tokenizer(vocab, merges), ["low low"]);
 * assertEquals(bytes / tokens, 3.5);
 * ```
 *
 * @param tokenizer The tokenizer.
 * @param source The path of a text file, several files, or texts.
 * @param options What is told on the way.
 * @returns The measurements.
 * @throws {Error} If a file cannot be read.
 */
export async function measureTokenizer(
  tokenizer: TextTokenizer,
  source: TextSource,
  options: MeasureTokenizerOptions = {},
): Promise<TokenizerStatistics> {
  const pauses = new Pauses(options.signal);
  const total = await sourceSize(source);
  const counts = new Float64Array(tokenizer.vocabSize);
  let [bytes, tokens, seconds] = [0, 0, 0];
  const finder = new SpecialTokenFinder(tokenizer.specialTokens.keys());
  for await (const { parts, done } of textChunks(source, finder)) {
    for (const part of parts) {
      const started = performance.now();
      const ids = tokenizer.encodeToArray(decodeUtf8(part.bytes));
      seconds += (performance.now() - started) / 1000;
      bytes += part.bytes.length;
      tokens += ids.length;
      for (let i = 0; i < ids.length; i++) counts[ids[i]!]!++;
    }
    await pauses.ifDue(() => options.onProgress?.(done, total));
  }
  const usedTokens = counts.reduce((used, count) => used + (count > 0 ? 1 : 0), 0);
  return { bytes, tokens, counts, usedTokens, seconds };
}
