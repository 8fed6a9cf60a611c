/**
 * Where a text may be cut in two so that the words of the parts are the words of the whole, whatever
 * comes before and after: what streams and parallel work stand on.
 *
 * Such a place can be told from the two characters around it, by all patterns (see `patterns/`):
 * before a blank that follows something visible, and between a letter or number and whatever is
 * neither of its kind nor a mark or an apostrophe. No pattern looks behind, and none has these two
 * characters in one word.
 *
 * @module
 */

import {
  ASCII_CLASSES,
  classOf,
  KIND,
  LETTER,
  MARK,
  NUMBER,
  OTHER,
  SPACE,
} from "./patterns/classes.ts";

const BLANK = 0x20;
const APOSTROPHE = 0x27;
/** What stands for a character that is not well-formed. */
const MALFORMED = -1;

/**
 * The last place between `start` and `limit` where a text may be cut.
 *
 * @param bytes The text in UTF-8, malformed as it may be.
 * @param start A place that the cut must lie after.
 * @param limit A place that the cut must lie before.
 * @returns The place, or -1 if there is none.
 */
export function lastCut(bytes: Uint8Array, start: number, limit: number): number {
  for (let at = limit - 1; at > start; at--) {
    if (isCut(bytes, at, limit)) return at;
  }
  return -1;
}

function isCut(bytes: Uint8Array, at: number, limit: number): boolean {
  const byte = bytes[at]!;
  if (isContinuation(byte)) return false;
  const before = classBefore(bytes, at);
  if (byte === BLANK) return (before & SPACE) === 0;
  if ((before & (LETTER | NUMBER)) === 0 || byte === APOSTROPHE) return false;
  const after = byte < 0x80 ? byte : decode(bytes, at, limit);
  if (after === MALFORMED) return false; // or not all of it is there yet
  return (before & classOf(after) & KIND) === 0 && (classOf(after) & MARK) === 0;
}

/** The class of the character that ends at a place; what is malformed counts as U+FFFD. */
function classBefore(bytes: Uint8Array, at: number): number {
  const byte = bytes[at - 1]!;
  if (byte < 0x80) return ASCII_CLASSES[byte]!;
  let start = at - 1;
  while (start > 0 && start > at - 4 && isContinuation(bytes[start]!)) start--;
  const codePoint = decode(bytes, start, at);
  const isAll = codePoint !== MALFORMED && start + utf8Length(codePoint) === at;
  return isAll ? classOf(codePoint) : OTHER;
}

/** The code point at a place, or MALFORMED if there is none that ends at `limit` or before. */
function decode(bytes: Uint8Array, at: number, limit: number): number {
  const lead = bytes[at]!;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > limit) return MALFORMED;
  let codePoint = lead & (0x7f >> length);
  for (let i = at + 1; i < at + length; i++) {
    if (!isContinuation(bytes[i]!)) return MALFORMED;
    codePoint = codePoint << 6 | bytes[i]! & 0x3f;
  }
  const isSurrogate = codePoint >= 0xd800 && codePoint < 0xe000;
  const isUsual = utf8Length(codePoint) === length && codePoint <= 0x10ffff && !isSurrogate;
  return isUsual ? codePoint : MALFORMED;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function utf8Length(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}
