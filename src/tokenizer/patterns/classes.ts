/**
 * What kind of character a code point is, as far as the patterns that cut words ask.
 *
 * A class is a set of bits, so that one test answers any of their questions. It is worked out by
 * regular expression when a code point is first met, with those around it, and then looked up.
 *
 * @module
 */

/** A letter: `\p{L}`. */
export const LETTER = 1;
/** A number: `\p{N}`. */
export const NUMBER = 2;
/** White space: `\p{White_Space}`, which is what `\s` means to the tokenizers in Rust and Python. */
export const SPACE = 4;
/** None of these three. */
export const OTHER = 8;
/** Which of the four kinds a character is: just one of them. */
export const KIND: number = LETTER | NUMBER | SPACE | OTHER;
/** `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`: what a word's capitals may be in o200k's pattern. */
export const UPPER = 16;
/** `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`: what may follow them. */
export const LOWER = 32;
/** A mark, such as an accent that combines with the letter before it: `\p{M}`. */
export const MARK = 64;

/** Runs of characters that have a bit. */
const PROPERTIES: readonly (readonly [pattern: RegExp, bit: number])[] = [
  [/\p{L}+/gu, LETTER],
  [/\p{N}+/gu, NUMBER],
  [/\p{White_Space}+/gu, SPACE],
  [/[^\p{L}\p{N}\p{White_Space}]+/gu, OTHER],
  [/[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+/gu, UPPER],
  [/[\p{Ll}\p{Lm}\p{Lo}\p{M}]+/gu, LOWER],
  [/\p{M}+/gu, MARK],
];
/** Classes are worked out for so many code points at a time. */
const BLOCK = 256;

/** The class of each code point; 0 where none has been worked out yet. */
const classes = new Uint8Array(0x110000);

function classifyBlock(codePoint: number): number {
  const first = codePoint - codePoint % BLOCK;
  if (first >= 0xd800 && first < 0xe000) {
    // Half a surrogate pair stands for U+FFFD, which is neither letter, number nor space.
    classes.fill(OTHER, first, first + BLOCK);
  } else {
    const text = String.fromCodePoint(...Array.from({ length: BLOCK }, (_, i) => first + i));
    const width = text.length / BLOCK; // UTF-16 code units to a character
    for (const [pattern, bit] of PROPERTIES) {
      for (const { index, 0: run } of text.matchAll(pattern)) {
        const end = first + (index + run.length) / width;
        for (let at = first + index / width; at < end; at++) classes[at]! |= bit;
      }
    }
  }
  return classes[codePoint]!;
}

/** The class of a code point. */
export function classOf(codePoint: number): number {
  return classes[codePoint] || classifyBlock(codePoint);
}

/** The class of each byte below 0x80; 0 for those that begin or continue a longer character. */
export const ASCII_CLASSES: Uint8Array = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte < 0x80 ? classOf(byte) : 0,
);

/** The class of the character that begins at a place in well-formed UTF-8. */
export function classAt(bytes: Uint8Array, at: number): number {
  return ASCII_CLASSES[bytes[at]!]! || classOf(codePointAt(bytes, at));
}

/** How many bytes the character has that begins with a byte. */
export function characterLength(firstByte: number): number {
  return firstByte < 0x80 ? 1 : firstByte < 0xe0 ? 2 : firstByte < 0xf0 ? 3 : 4;
}

/** The code point of the character that begins at a place in well-formed UTF-8. */
function codePointAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return first;
  const second = bytes[at + 1]! & 0x3f;
  if (first < 0xe0) return (first & 0x1f) << 6 | second;
  const third = bytes[at + 2]! & 0x3f;
  if (first < 0xf0) return (first & 0x0f) << 12 | second << 6 | third;
  return (first & 0x07) << 18 | second << 12 | third << 6 | bytes[at + 3]! & 0x3f;
}
