/**
 * Cuts text into pre-tokens, the words that byte-pair encoding never merges across, exactly as
 * GPT-2's pattern does:
 *
 * ```text
 * '(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 * ```
 *
 * Written by hand because it is several times as fast as the regular expression, and because
 * JavaScript's `\s` is not the pattern's: there it is Unicode's White_Space, which has U+0085 and
 * has not U+FEFF.
 *
 * @module
 */

const LETTER = 1;
const NUMBER = 2;
const SPACE = 3;
const OTHER = 4;

const QUOTE = 0x27;
const BLANK = 0x20;

/** The class of each code point that has been met; 0 where none has been worked out yet. */
const classes = new Uint8Array(0x110000);

function classify(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  if (/\p{L}/u.test(character)) return LETTER;
  if (/\p{N}/u.test(character)) return NUMBER;
  // A lone surrogate stands for U+FFFD, which is neither letter, number nor space; so is it.
  return /\p{White_Space}/u.test(character) ? SPACE : OTHER;
}

function classOf(codePoint: number): number {
  return classes[codePoint] || (classes[codePoint] = classify(codePoint));
}

/** The end of the longest run of one class from `start` on, at most `limit`. */
function runEnd(text: string, start: number, limit: number, kind: number): number {
  let end = start;
  while (end < limit) {
    const unit = text.charCodeAt(end);
    if (unit < 0xd800 || unit > 0xdfff) {
      if (classOf(unit) !== kind) break;
      end++;
    } else {
      const codePoint = text.codePointAt(end)!;
      if (classOf(codePoint) !== kind) break;
      end += codePoint > 0xffff ? 2 : 1;
    }
  }
  return end;
}

/** The length of the English contraction (`'s`, `'ll` …) at `start`, or 0. */
function contractionLength(text: string, start: number, limit: number): number {
  if (start + 1 >= limit) return 0;
  switch (text[start + 1]) {
    case "s":
    case "d":
    case "m":
    case "t":
      return 2;
    case "l":
      return start + 2 < limit && text[start + 2] === "l" ? 3 : 0;
    case "v":
    case "r":
      return start + 2 < limit && text[start + 2] === "e" ? 3 : 0;
    default:
      return 0;
  }
}

/**
 * Where the pre-token that starts at `start` ends, in UTF-16 code units.
 *
 * The end depends on nothing past the second code unit after it: a caller who has only the
 * beginning of a text may rely on ends that lie two or more before the end of what he has.
 *
 * @param text The text.
 * @param start Where the pre-token starts; below `limit`.
 * @param limit Where the text is taken to end.
 * @returns The end, above `start`.
 */
export function pretokenEnd(text: string, start: number, limit: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) {
    const length = contractionLength(text, start, limit);
    if (length > 0) return start + length;
  }
  // A blank belongs to the run after it, unless that is white space too.
  const runStart = first === BLANK && start + 1 < limit ? start + 1 : start;
  const kind = classOf(text.codePointAt(runStart)!);
  if (kind !== SPACE) return runEnd(text, runStart, limit, kind);
  // White space: `\s+(?!\S)` leaves the last one before a visible character to the next pre-token.
  const end = runEnd(text, start, limit, SPACE);
  return end === limit || end === start + 1 ? end : end - 1;
}

/**
 * Cuts a text into pre-tokens.
 *
 * @param text The text.
 * @returns The pre-tokens in order: joined, they are the text.
 */
export function* pretokenize(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const end = pretokenEnd(text, start, text.length);
    yield text.slice(start, end);
    start = end;
  }
}
