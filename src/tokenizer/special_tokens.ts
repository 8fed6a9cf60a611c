/**
 * Finds special tokens such as `<|endoftext|>` in text: the leftmost first, and of those that start
 * at one place the longest.
 *
 * @module
 */

/** A special token found in a text. */
export interface SpecialMatch {
  /** Where it starts, in UTF-16 code units. */
  readonly start: number;
  /** The special token. */
  readonly token: string;
}

/** Looks for a fixed set of special tokens. */
export class SpecialTokenFinder {
  readonly #tokens: readonly string[];
  readonly #pattern: RegExp | undefined;
  #bytes: readonly Uint8Array[] | undefined;

  /** Takes the special tokens in any order, none of them empty. */
  constructor(tokens: Iterable<string>) {
    this.#tokens = [...new Set(tokens)].sort((a, b) => b.length - a.length);
    if (this.#tokens.length > 0) {
      const escaped = this.#tokens.map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
      this.#pattern = new RegExp(escaped.join("|"), "g");
    }
  }

  /** The first special token in `text` from `start` on. */
  find(text: string, start: number): SpecialMatch | undefined {
    if (this.#pattern === undefined) return undefined;
    this.#pattern.lastIndex = start;
    const match = this.#pattern.exec(text);
    return match === null ? undefined : { start: match.index, token: match[0] };
  }

  /**
   * Whether a special token goes across a place in a text, or may go across it once more of the text
   * is there; the text is the first `length` bytes, in UTF-8.
   */
  mayCross(bytes: Uint8Array, length: number, at: number): boolean {
    this.#bytes ??= this.#tokens.map((token) => new TextEncoder().encode(token));
    return this.#bytes.some((token) => {
      for (let start = Math.max(0, at - token.length + 1); start < at; start++) {
        const end = Math.min(token.length, length - start);
        let same = 0;
        while (same < end && bytes[start + same] === token[same]) same++;
        if (same === end) return true;
      }
      return false;
    });
  }
}

/**
 * Checks a list of special tokens.
 *
 * @param tokens The special tokens.
 * @returns Them, each once, in the order they were given.
 * @throws {RangeError} If one is empty, or cuts a character in half.
 */
export function checkSpecialTokens(tokens: Iterable<string>): string[] {
  const unique = [...new Set(tokens)];
  if (unique.includes("")) {
    throw new RangeError('Cannot use "" as a special token: must have at least one character');
  }
  const broken = unique.find((token) => !token.isWellFormed());
  if (broken !== undefined) {
    throw new RangeError(
      `Cannot use ${JSON.stringify(broken)} as a special token: it has half a character`,
    );
  }
  return unique;
}
