/**
 * `o200k_base`'s pattern: words in which small letters are followed by a capital are cut there, and
 * an English contraction stays with its word.
 *
 * @module
 */

import { characterLength, classAt, LETTER, LOWER, NUMBER, OTHER, UPPER } from "./classes.ts";
import { anyCaseContractionEnd, APOSTROPHE } from "./contractions.ts";
import type { WordPattern } from "./pattern.ts";
import { isLineBreak, runEnd, spaceOrLinesEnd, threeNumbersEnd } from "./runs.ts";

const BLANK = 0x20;
const SLASH = 0x2f;
const NONE = -1;

/** `o200k_base`'s pattern. */
export const o200k: WordPattern = {
  name: "o200k",
  source: String
    .raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  otherSources: [],
  wordEnd,
};

function wordEnd(bytes: Uint8Array, start: number, limit: number): number {
  const first = bytes[start]!;
  const kind = classAt(bytes, start);
  const second = start + characterLength(first);
  const maySkip = (kind & (LETTER | NUMBER)) === 0 && !isLineBreak(first) && second < limit;

  // The two ways to read letters, each with one character before them or none.
  let end = maySkip ? smallLettersEnd(bytes, second, limit) : NONE;
  if (end === NONE) end = smallLettersEnd(bytes, start, limit);
  if (end === NONE && maySkip) end = capitalsEnd(bytes, second, limit);
  if (end === NONE) end = capitalsEnd(bytes, start, limit);
  if (end !== NONE) {
    if (end >= limit || bytes[end] !== APOSTROPHE) return end;
    return anyCaseContractionEnd(bytes, end, limit);
  }

  if ((kind & NUMBER) !== 0) return threeNumbersEnd(bytes, start, limit, NUMBER);
  const othersStart = first === BLANK ? second : start;
  if (othersStart < limit && (classAt(bytes, othersStart) & OTHER) !== 0) {
    let others = runEnd(bytes, othersStart, limit, OTHER);
    while (others < limit && (isLineBreak(bytes[others]!) || bytes[others] === SLASH)) others++;
    return others;
  }
  return spaceOrLinesEnd(bytes, start, limit);
}

/** The end of `UPPER*LOWER+` at `start`, or NONE. */
function smallLettersEnd(bytes: Uint8Array, start: number, limit: number): number {
  const middle = runEnd(bytes, start, limit, UPPER);
  const end = runEnd(bytes, middle, limit, LOWER);
  if (end > middle) return end;
  // No small letters after the capitals: the last of these that counts as both will do.
  for (let at = middle; at > start;) {
    const characterEnd = at;
    do at--; while ((bytes[at]! & 0xc0) === 0x80);
    if ((classAt(bytes, at) & LOWER) !== 0) return characterEnd;
  }
  return NONE;
}

/** The end of `UPPER+LOWER*` at `start`, or NONE. */
function capitalsEnd(bytes: Uint8Array, start: number, limit: number): number {
  const middle = runEnd(bytes, start, limit, UPPER);
  return middle > start ? runEnd(bytes, middle, limit, LOWER) : NONE;
}
