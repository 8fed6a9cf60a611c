/**
 * GPT-2's pattern, which `r50k_base` and `p50k_base` share.
 *
 * @module
 */

import { classAt, KIND, SPACE } from "./classes.ts";
import { APOSTROPHE, contractionEnd } from "./contractions.ts";
import type { WordPattern } from "./pattern.ts";
import { runEnd, spaceEnd } from "./runs.ts";

const BLANK = 0x20;

/** GPT-2's pattern. */
export const gpt2: WordPattern = {
  name: "gpt2",
  source: String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  otherSources: [
    String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
    String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s`,
  ],
  wordEnd,
};

function wordEnd(bytes: Uint8Array, start: number, limit: number): number {
  const first = bytes[start]!;
  if (first === APOSTROPHE) {
    const end = contractionEnd(bytes, start, limit);
    if (end > start) return end;
  }
  // A blank belongs to the run after it, unless that is white space too.
  const runStart = first === BLANK && start + 1 < limit ? start + 1 : start;
  const kind = classAt(bytes, runStart) & KIND;
  return kind === SPACE ? spaceEnd(bytes, start, limit) : runEnd(bytes, runStart, limit, kind);
}
