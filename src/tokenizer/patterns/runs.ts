/**
 * Runs of characters of one class in well-formed UTF-8: what all patterns are made of.
 *
 * @module
 */

import { ASCII_CLASSES, characterLength, classAt, SPACE } from "./classes.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The end of the longest run of characters that have one of the class bits in `mask`. */
export function runEnd(bytes: Uint8Array, start: number, limit: number, mask: number): number {
  let end = start;
  while (end < limit) {
    const byte = bytes[end]!;
    if (byte < 0x80) {
      if ((ASCII_CLASSES[byte]! & mask) === 0) break;
      end++;
    } else {
      if ((classAt(bytes, end) & mask) === 0) break;
      end += characterLength(byte);
    }
  }
  return end;
}

/**
 * The end of a pre-token of white space by `\s+(?!\S)|\s+`: of a run before something visible, the
 * last character is left to what follows, unless it is the only one.
 */
export function spaceEnd(bytes: Uint8Array, start: number, limit: number): number {
  const end = runEnd(bytes, start, limit, SPACE);
  if (end === limit) return end;
  let last = end - 1;
  while ((bytes[last]! & 0xc0) === 0x80) last--;
  return last === start ? end : last;
}

/** The same where `\s*[\r\n]+` comes first: a run with line breaks ends after the last of them. */
export function spaceOrLinesEnd(bytes: Uint8Array, start: number, limit: number): number {
  const end = runEnd(bytes, start, limit, SPACE);
  for (let last = end - 1; last >= start; last--) {
    if (isLineBreak(bytes[last]!)) return last + 1;
  }
  return spaceEnd(bytes, start, limit);
}

/** Whether a byte is a line feed or a carriage return. */
export function isLineBreak(byte: number): boolean {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN;
}

/** The end of up to three numbers: `\p{N}{1,3}`, `start` being the first. */
export function threeNumbersEnd(
  bytes: Uint8Array,
  start: number,
  limit: number,
  number: number,
): number {
  let end = start + characterLength(bytes[start]!);
  for (let count = 1; count < 3 && end < limit; count++) {
    if ((classAt(bytes, end) & number) === 0) break;
    end += characterLength(bytes[end]!);
  }
  return end;
}
