/**
 * The heart of training: all different words of a text as rows of tokens, with the count of every
 * pair of neighbours kept up to date as pairs are merged.
 *
 * Words stand one after another in flat arrays; a *place* is an index into them. Every place but the
 * last of a word begins exactly one pair, so the places of each pair form a doubly linked list inside
 * two more arrays, and a place moves from list to list without anything being allocated.
 *
 * @module
 */

import { fromKey } from "./byte_alphabet.ts";
import { PairHeap } from "./pair_heap.ts";
import { PairTable } from "./pair_table.ts";

const NONE = -1;

/** Options of {@linkcode WordMerger}. */
export interface WordMergerOptions {
  /** Pairs whose tokens together have more bytes than this are not merged. */
  readonly maxTokenLength: number;
}

/** Merges the most frequent pair of neighbours, again and again. */
export class WordMerger {
  // Per place.
  readonly #token: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** How often the word occurs in the text. */
  readonly #weight: Float64Array;
  readonly #pairAt: Int32Array;
  readonly #nextInPair: Int32Array;
  readonly #previousInPair: Int32Array;

  // Per pair.
  readonly #pairs = new PairTable(1 << 12);
  readonly #left: number[] = [];
  readonly #right: number[] = [];
  readonly #count: number[] = [];
  readonly #firstPlace: number[] = [];

  /** The bytes of each token, as keys (see `toKey`). Tokens 0 to 255 are the bytes. */
  readonly #bytes: string[] = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  readonly #heap: PairHeap;
  readonly #maxTokenLength: number;

  /** Takes the words of a text, each with how often it occurs. */
  constructor(words: ReadonlyMap<string, number>, options: WordMergerOptions) {
    this.#maxTokenLength = options.maxTokenLength;
    const { bytes, lengths } = toUtf8([...words.keys()]);
    const length = bytes.length;
    this.#token = new Int32Array(length);
    this.#next = new Int32Array(length);
    this.#previous = new Int32Array(length);
    this.#weight = new Float64Array(length);
    this.#pairAt = new Int32Array(length).fill(NONE);
    this.#nextInPair = new Int32Array(length);
    this.#previousInPair = new Int32Array(length);
    let start = 0;
    let index = 0;
    for (const weight of words.values()) {
      const end = start + lengths[index++]!;
      this.#layOut(bytes, start, end, weight);
      start = end;
    }
    this.#heap = new PairHeap((a, b) => this.#winsTie(a, b));
    this.#count.forEach((count, pair) => this.#heap.push(pair, count));
  }

  /**
   * Merges the most frequent pair wherever it occurs.
   *
   * @param minFrequency How often the pair must occur at least.
   * @returns The bytes of its two tokens, or undefined if no pair is that frequent.
   */
  mergeNext(minFrequency: number): [Uint8Array, Uint8Array] | undefined {
    const pair = this.#mostFrequent();
    if (pair === NONE || this.#count[pair]! < minFrequency) return undefined;
    const left = this.#left[pair]!;
    const right = this.#right[pair]!;
    const merged = this.#bytes.push(this.#bytes[left]! + this.#bytes[right]!) - 1;
    const firstNewPair = this.#count.length;
    for (const place of this.#placesOf(pair)) {
      // In a run such as aaa the second pair is gone once the first is merged.
      if (this.#pairAt[place] === pair) this.#mergeAt(place, merged);
    }
    for (let other = firstNewPair; other < this.#count.length; other++) {
      this.#heap.push(other, this.#count[other]!);
    }
    return [fromKey(this.#bytes[left]!), fromKey(this.#bytes[right]!)];
  }

  /** Sets up the places of one word. */
  #layOut(bytes: Uint8Array, start: number, end: number, weight: number): void {
    for (let place = start; place < end; place++) {
      this.#token[place] = bytes[place]!;
      this.#previous[place] = place === start ? NONE : place - 1;
      this.#next[place] = place === end - 1 ? NONE : place + 1;
      this.#weight[place] = weight;
    }
    for (let place = start; place < end - 1; place++) this.#addPair(place);
  }

  /** Whether pair `a`'s byte strings are lexicographically greater than pair `b`'s. */
  #winsTie(a: number, b: number): boolean {
    const leftOfA = this.#bytes[this.#left[a]!]!;
    const leftOfB = this.#bytes[this.#left[b]!]!;
    if (leftOfA !== leftOfB) return leftOfA > leftOfB;
    return this.#bytes[this.#right[a]!]! > this.#bytes[this.#right[b]!]!;
  }

  /** Takes the most frequent pair off the heap. Counts only fall, so an old count is at least as great. */
  #mostFrequent(): number {
    while (this.#heap.size > 0) {
      const countThen = this.#heap.topCount;
      const pair = this.#heap.pop();
      const count = this.#count[pair]!;
      if (count === countThen) return pair;
      if (count > 0) this.#heap.push(pair, count);
    }
    return NONE;
  }

  /** The places of a pair; from left to right where that matters. */
  #placesOf(pair: number): Int32Array {
    const places: number[] = [];
    for (let at = this.#firstPlace[pair]!; at !== NONE; at = this.#nextInPair[at]!) places.push(at);
    const result = Int32Array.from(places);
    return this.#left[pair] === this.#right[pair] ? result.sort() : result;
  }

  /** Replaces the two tokens from a place on by one. */
  #mergeAt(place: number, merged: number): void {
    const gone = this.#next[place]!;
    const before = this.#previous[place]!;
    const after = this.#next[gone]!;
    this.#removePair(place);
    if (before !== NONE) this.#removePair(before);
    if (after !== NONE) this.#removePair(gone);
    this.#token[place] = merged;
    this.#next[place] = after;
    if (after !== NONE) this.#previous[after] = place;
    if (before !== NONE) this.#addPair(before);
    if (after !== NONE) this.#addPair(place);
  }

  /** Counts the pair that begins at a place, and adds the place to its list. */
  #addPair(place: number): void {
    const left = this.#token[place]!;
    const right = this.#token[this.#next[place]!]!;
    let pair = this.#pairs.get(left, right);
    if (pair === NONE) {
      if (this.#bytes[left]!.length + this.#bytes[right]!.length > this.#maxTokenLength) return;
      pair = this.#count.push(0) - 1;
      this.#pairs.set(left, right, pair);
      this.#left.push(left);
      this.#right.push(right);
      this.#firstPlace.push(NONE);
    }
    const following = this.#firstPlace[pair]!;
    this.#pairAt[place] = pair;
    this.#nextInPair[place] = following;
    this.#previousInPair[place] = NONE;
    if (following !== NONE) this.#previousInPair[following] = place;
    this.#firstPlace[pair] = place;
    this.#count[pair]! += this.#weight[place]!;
  }

  /** Takes back what `#addPair` did at a place. */
  #removePair(place: number): void {
    const pair = this.#pairAt[place]!;
    if (pair === NONE) return;
    const following = this.#nextInPair[place]!;
    const preceding = this.#previousInPair[place]!;
    if (following !== NONE) this.#previousInPair[following] = preceding;
    if (preceding === NONE) this.#firstPlace[pair] = following;
    else this.#nextInPair[preceding] = following;
    this.#pairAt[place] = NONE;
    this.#count[pair]! -= this.#weight[place]!;
  }
}

/** Strings as UTF-8, one after another, and the length of each in bytes. */
function toUtf8(texts: readonly string[]): { bytes: Uint8Array; lengths: Int32Array } {
  const units = texts.reduce((sum, text) => sum + text.length, 0);
  const buffer = new Uint8Array(units * 3); // no code unit takes more than three bytes
  const encoder = new TextEncoder();
  let length = 0;
  const lengths = Int32Array.from(texts, (text) => {
    const { written } = encoder.encodeInto(text, buffer.subarray(length));
    length += written;
    return written;
  });
  return { bytes: buffer.subarray(0, length), lengths };
}
