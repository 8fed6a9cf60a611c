/**
 * Shows how a text becomes tokens: words, and merges step by step.
 *
 * @module
 */

import type { Tokenizer } from "./bpe.ts";
import { BYTE_KEYS, fromKey, toKey } from "./byte_alphabet.ts";
import { pretokenize } from "./pretokenize.ts";
import { SpecialTokenFinder } from "./special_tokens.ts";
import { split } from "./split.ts";

/** One merge in a word. */
export interface MergeStep {
  /** The place of the merge in the list of merges, from 0. */
  readonly rank: number;
  /** The two tokens that are merged. */
  readonly pair: readonly [Uint8Array, Uint8Array];
  /** The word's tokens afterwards. */
  readonly tokens: readonly Uint8Array[];
}

/** How one word, or one special token, becomes token ids. */
export interface ExplainedWord {
  /** The text of the word. */
  readonly text: string;
  /** Whether it is a special token. */
  readonly isSpecial: boolean;
  /** The merges in the order in which they are done; none if the word is a token as a whole. */
  readonly steps: readonly MergeStep[];
  /** The word's token ids. */
  readonly ids: readonly number[];
}

/**
 * Explains how a tokenizer encodes a text.
 *
 * @example The merges of a word
 * ```ts
 * import { explainEncoding, Tokenizer, trainBpe } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const { vocab, merges } = await trainBpe(["low low lower"], { vocabSize: 258 });
 * const [word] = explainEncoding(new Tokenizer(vocab, merges), "low");
 * const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
 * assertEquals(word!.steps.map(({ tokens }) => tokens.map(text)), [["l", "ow"], ["low"]]);
 * ```
 *
 * @param tokenizer The tokenizer.
 * @param text The text.
 * @returns Its words and special tokens, in order.
 * @throws {RangeError} If the vocabulary lacks a byte of the text.
 */
export function explainEncoding(tokenizer: Tokenizer, text: string): ExplainedWord[] {
  const ranks = new Map(
    tokenizer.merges.map(([left, right], rank) => [pairKey(toKey(left), toKey(right)), rank]),
  );
  const words: ExplainedWord[] = [];
  split(text, new SpecialTokenFinder(tokenizer.specialTokens.keys()), {
    plain(whole, start, end) {
      for (const word of pretokenize(whole.slice(start, end), tokenizer.pattern)) {
        const ids = tokenizer.encode(word, { allowedSpecial: "none" });
        const steps = tokenizer.ignoreMerges && ids.length === 1 ? [] : mergeSteps(word, ranks);
        words.push({ text: word, isSpecial: false, steps, ids });
      }
    },
    special(token) {
      const ids = [tokenizer.specialTokens.get(token)!];
      words.push({ text: token, isSpecial: true, steps: [], ids });
    },
  });
  return words;
}

/** The merges of one word: as long as there is one, the first learned, leftmost. */
function mergeSteps(word: string, ranks: ReadonlyMap<string, number>): MergeStep[] {
  const steps: MergeStep[] = [];
  const tokens = Array.from(new TextEncoder().encode(word), (byte) => BYTE_KEYS[byte]!);
  while (true) {
    let [rank, at] = [Infinity, -1];
    for (let i = 0; i + 1 < tokens.length; i++) {
      const other = ranks.get(pairKey(tokens[i]!, tokens[i + 1]!)) ?? Infinity;
      if (other < rank) [rank, at] = [other, i];
    }
    if (at === -1) return steps;
    const pair = [fromKey(tokens[at]!), fromKey(tokens[at + 1]!)] as const;
    tokens.splice(at, 2, tokens[at]! + tokens[at + 1]!);
    steps.push({ rank, pair, tokens: tokens.map(fromKey) });
  }
}

/** A key for two keys: the length of the first makes it unique. */
function pairKey(left: string, right: string): string {
  return `${left.length} ${left}${right}`;
}
