/**
 * `cl100k_base`'s pattern, which Llama 3 uses too.
 *
 * @module
 */

import { characterLength, classAt, LETTER, NUMBER, OTHER } from "./classes.ts";
import { anyCaseContractionEnd, APOSTROPHE } from "./contractions.ts";
import type { WordPattern } from "./pattern.ts";
import { isLineBreak, runEnd, spaceOrLinesEnd, threeNumbersEnd } from "./runs.ts";

const BLANK = 0x20;

/** `cl100k_base`'s pattern. */
export const cl100k: WordPattern = {
  name: "cl100k",
  source: String
    .raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  otherSources: [],
  wordEnd,
};

function wordEnd(bytes: Uint8Array, start: number, limit: number): number {
  const first = bytes[start]!;
  if (first === APOSTROPHE) {
    const end = anyCaseContractionEnd(bytes, start, limit);
    if (end > start) return end;
  }
  const kind = classAt(bytes, start);
  if ((kind & LETTER) !== 0) return runEnd(bytes, start, limit, LETTER);
  if ((kind & NUMBER) !== 0) return threeNumbersEnd(bytes, start, limit, NUMBER);
  // One character of any other kind may lead a run of letters, except a line break.
  const second = start + characterLength(first);
  const kindOfSecond = second < limit ? classAt(bytes, second) : 0;
  if ((kindOfSecond & LETTER) !== 0 && !isLineBreak(first)) {
    return runEnd(bytes, second, limit, LETTER);
  }
  const othersStart = first === BLANK ? second : start;
  if (((first === BLANK ? kindOfSecond : kind) & OTHER) !== 0) {
    let end = runEnd(bytes, othersStart, limit, OTHER);
    while (end < limit && isLineBreak(bytes[end]!)) end++;
    return end;
  }
  return spaceOrLinesEnd(bytes, start, limit);
}
