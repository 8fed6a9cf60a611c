/**
 * Cuts text into words, the pre-tokens that byte-pair encoding never merges across.
 *
 * Words are looked for in UTF-8, because tokens are bytes: no string is made for a word on the way.
 *
 * @module
 */

import { lastCut } from "./cutter.ts";
import { patternOf } from "./patterns/mod.ts";
import type { PatternName, WordPattern } from "./patterns/pattern.ts";

/** Takes the word `bytes[start…end - 1]`; the bytes are only good until it returns. */
export type WordSink = (bytes: Uint8Array, start: number, end: number) => void;

/** So much text is turned into UTF-8 at a time, in UTF-16 code units. */
const PIECE = 1 << 18;

const encoder = new TextEncoder();
let buffer = new Uint8Array(1 << 12);

/** The UTF-8 of a text, in a buffer that the next call overwrites, and how long it is. */
function toUtf8(text: string): number {
  // No code unit takes more than three bytes; half a surrogate pair becomes U+FFFD.
  if (text.length * 3 > buffer.length) buffer = new Uint8Array(text.length * 4);
  return encoder.encodeInto(text, buffer).written;
}

/**
 * Hands the words of `text.slice(start, end)` to a sink.
 *
 * @param text The text.
 * @param range The part of it that counts.
 * @param pattern What cuts it.
 * @param sink Takes the words; must not scan words itself.
 */
export function scanWords(
  text: string,
  [start, end]: readonly [number, number],
  pattern: WordPattern,
  sink: WordSink,
): void {
  while (start < end) {
    const pieceEnd = endOfPiece(text, start, end);
    const length = toUtf8(
      start === 0 && pieceEnd === text.length ? text : text.slice(start, pieceEnd),
    );
    const bytes = buffer;
    for (let at = 0; at < length;) {
      const wordEnd = pattern.wordEnd(bytes, at, length);
      sink(bytes, at, wordEnd);
      at = wordEnd;
    }
    start = pieceEnd;
  }
  if (buffer.length > 8 * PIECE) buffer = new Uint8Array(4 * PIECE); // after one very long word
}

/** Where a piece of a long text may end: a place that no word crosses. */
function endOfPiece(text: string, start: number, end: number): number {
  for (let size = PIECE; start + size < end; size *= 2) {
    const cut = lastCut(text, start, start + size);
    if (cut > start) return cut;
  }
  return end;
}

/**
 * Cuts a text into pre-tokens.
 *
 * @example GPT-2 and GPT-4 cut numbers differently
 * ```ts
 * import { pretokenize } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...pretokenize("It's 12345")], ["It", "'s", " 12345"]);
 * assertEquals([...pretokenize("It's 12345", "cl100k")], ["It", "'s", " ", "123", "45"]);
 * ```
 *
 * @param text The text.
 * @param pattern The pattern to cut by. Default `gpt2`.
 * @returns The pre-tokens in order: joined, they are the text.
 * @throws {RangeError} If there is no such pattern.
 */
export function pretokenize(text: string, pattern: PatternName = "gpt2"): string[] {
  const words: string[] = [];
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  scanWords(text, [0, text.length], patternOf(pattern), (bytes, start, end) => {
    words.push(decoder.decode(bytes.subarray(start, end)));
  });
  return words;
}
