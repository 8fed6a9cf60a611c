/**
 * The heart of training: all different words of a text as rows of tokens, with the count of every
 * pair of neighbours kept up to date as pairs are merged.
 *
 * Words stand one after another in one array and shrink in place. Each pair has a list of the words
 * it was seen in; a merge goes through that list only. A word may have lost the pair since: it is
 * looked through anyway, which is cheaper than keeping the lists exact.
 *
 * @module
 */

import { BYTE_KEYS, fromKey } from "./byte_alphabet.ts";
import { PairHeap } from "./pair_heap.ts";
import { PairTable } from "./pair_table.ts";
import type { CountedWords } from "./word_counts.ts";
import { WordLists } from "./word_lists.ts";

const NONE = -1;

/** Options of {@linkcode WordMerger}. */
export interface WordMergerOptions {
  /** Pairs that occur less often than this are not merged. */
  readonly minFrequency: number;
  /** Pairs whose tokens together have more bytes than this are not merged. */
  readonly maxTokenLength: number;
}

/** Merges the most frequent pair of neighbours, again and again. */
export class WordMerger {
  // Per word: its tokens are `#tokens[#starts[word] … #starts[word] + #lengths[word] - 1]`.
  readonly #tokens: Int32Array;
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  readonly #weights: Float64Array;

  // Per pair.
  readonly #pairs = new PairTable(1 << 14);
  readonly #left: number[] = [];
  readonly #right: number[] = [];
  readonly #counts: number[] = [];
  readonly #words: WordLists;

  /** The bytes of each token, as keys (see `toKey`). Tokens 0 to 255 are the bytes. */
  readonly #keys: string[] = [...BYTE_KEYS];
  readonly #heap: PairHeap;
  readonly #options: WordMergerOptions;

  /** Takes the words of a text, each with how often it occurs. */
  constructor({ bytes, starts, counts }: CountedWords, options: WordMergerOptions) {
    this.#options = options;
    this.#tokens = Int32Array.from(bytes);
    this.#starts = starts;
    this.#weights = counts;
    this.#lengths = new Int32Array(counts.length);
    this.#words = new WordLists(bytes.length);
    for (let word = 0; word < counts.length; word++) {
      this.#lengths[word] = starts[word + 1]! - starts[word]!;
      for (let at = starts[word]! + 1; at < starts[word + 1]!; at++) {
        this.#countPair(bytes[at - 1]!, bytes[at]!, word);
      }
    }
    this.#heap = new PairHeap((a, b) => this.#winsTie(a, b));
    this.#pushPairsFrom(0);
  }

  /**
   * Merges the most frequent pair wherever it occurs.
   *
   * @returns The bytes of its two tokens, or undefined if no pair is frequent enough.
   */
  mergeNext(): [Uint8Array, Uint8Array] | undefined {
    const pair = this.#mostFrequent();
    if (pair === NONE) return undefined;
    const left = this.#left[pair]!;
    const right = this.#right[pair]!;
    const merged = this.#keys.push(this.#keys[left]! + this.#keys[right]!) - 1;
    const firstNewPair = this.#counts.length;
    this.#words.drain(pair, (word) => this.#mergeInWord(word, left, right, merged));
    this.#counts[pair] = 0;
    this.#pushPairsFrom(firstNewPair);
    return [fromKey(this.#keys[left]!), fromKey(this.#keys[right]!)];
  }

  /** Replaces the pair by the merged token wherever it stands in a word, from left to right. */
  #mergeInWord(word: number, left: number, right: number, merged: number): void {
    const tokens = this.#tokens;
    const start = this.#starts[word]!;
    const end = start + this.#lengths[word]!;
    const weight = this.#weights[word]!;
    let to = start;
    for (let at = start; at < end; at++) {
      if (tokens[at] !== left || at + 1 >= end || tokens[at + 1] !== right) {
        tokens[to++] = tokens[at]!;
        continue;
      }
      // What stood before: a token as it was, or one that was merged just now.
      if (to > start) {
        const before = tokens[to - 1]!;
        this.#uncountPair(before === merged ? right : before, left, weight);
        this.#countPair(before, merged, word);
      }
      tokens[to++] = merged;
      at++;
      if (at + 1 < end) {
        const after = tokens[at + 1]!;
        // If the same pair follows, the next round counts what it makes of it.
        const isPair = after === left && at + 2 < end && tokens[at + 2] === right;
        if (!isPair) {
          this.#uncountPair(right, after, weight);
          this.#countPair(merged, after, word);
        }
      }
    }
    this.#lengths[word] = to - start;
  }

  /** Counts a pair in a word. */
  #countPair(left: number, right: number, word: number): void {
    let pair = this.#pairs.get(left, right);
    if (pair === NONE) {
      pair = this.#counts.push(0) - 1;
      this.#pairs.set(left, right, pair);
      this.#left.push(left);
      this.#right.push(right);
      this.#words.addList();
    }
    this.#counts[pair]! += this.#weights[word]!;
    this.#words.add(pair, word);
  }

  /** Takes back a count. */
  #uncountPair(left: number, right: number, weight: number): void {
    this.#counts[this.#pairs.get(left, right)]! -= weight;
  }

  /** Takes the most frequent pair off the heap. Counts only fall, so an old count is at least as great. */
  #mostFrequent(): number {
    while (this.#heap.size > 0) {
      const countThen = this.#heap.topCount;
      const pair = this.#heap.pop();
      const count = this.#counts[pair]!;
      if (count === countThen) return pair;
      this.#push(pair);
    }
    return NONE;
  }

  #pushPairsFrom(first: number): void {
    for (let pair = first; pair < this.#counts.length; pair++) this.#push(pair);
  }

  /** Puts a pair on the heap, if it may be merged one day. */
  #push(pair: number): void {
    const count = this.#counts[pair]!;
    const length = this.#keys[this.#left[pair]!]!.length + this.#keys[this.#right[pair]!]!.length;
    const { minFrequency, maxTokenLength } = this.#options;
    if (count >= minFrequency && count > 0 && length <= maxTokenLength) {
      this.#heap.push(pair, count);
    }
  }

  /** Whether pair `a`'s byte strings are lexicographically greater than pair `b`'s. */
  #winsTie(a: number, b: number): boolean {
    const leftOfA = this.#keys[this.#left[a]!]!;
    const leftOfB = this.#keys[this.#left[b]!]!;
    if (leftOfA !== leftOfB) return leftOfA > leftOfB;
    return this.#keys[this.#right[a]!]! > this.#keys[this.#right[b]!]!;
  }
}
