/**
 * What a pattern is that cuts text into words, the pre-tokens that byte-pair encoding never merges
 * across.
 *
 * The patterns are scanned by hand: several times as fast as their regular expressions, and in
 * JavaScript `\s` is not what they mean: there it has U+FEFF and has not U+0085.
 *
 * @module
 */

/** The patterns there are: those of GPT-2, of GPT-4 and of GPT-4o. */
export type PatternName = "gpt2" | "cl100k" | "o200k";

/** A pattern. */
export interface WordPattern {
  /** Its name. */
  readonly name: PatternName;
  /** Its regular expression, as tokenizer files write it. */
  readonly source: string;
  /** Other ways to write the same. */
  readonly otherSources: readonly string[];
  /**
   * Where the word that begins at `start` ends.
   *
   * @param bytes Text in well-formed UTF-8.
   * @param start Where the word begins; below `limit`.
   * @param limit Where the text ends.
   * @returns The end, above `start`.
   */
  wordEnd(bytes: Uint8Array, start: number, limit: number): number;
}
