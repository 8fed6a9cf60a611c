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
  readonly #longest: number;

  /** Takes the special tokens in any order, none of them empty. */
  constructor(tokens: Iterable<string>) {
    this.#tokens = [...new Set(tokens)].sort((a, b) => b.length - a.length);
    this.#longest = this.#tokens[0]?.length ?? 0;
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
   * Where, from `start` on, a special token may begin that the end of `text` cuts off: the first
   * place from which `text` is the beginning of a special token but not all of it; else its length.
   */
  unfinishedStart(text: string, start: number): number {
    const first = Math.max(start, text.length - this.#longest + 1);
    for (let at = first; at < text.length; at++) {
      const rest = text.length - at;
      if (
        this.#tokens.some((token) => token.length > rest && text.endsWith(token.slice(0, rest)))
      ) {
        return at;
      }
    }
    return text.length;
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
