/**
 * Byte-pair encoding of one word: as long as two neighbours have a merge, the one that was
 * learned first, leftmost, is done (Sennrich, Haddow and Birch, 2016).
 *
 * @module
 */

import type { PairTable } from "./pair_table.ts";

/** The merges of a tokenizer, in the order they were learned. */
export interface MergeRules {
  /** The rank of the merge of each pair of token ids: its place in the list of merges. */
  readonly ranks: PairTable;
  /** The token that the merge of each rank makes. */
  readonly merged: Int32Array;
}

/** Up to this many tokens, looking at all pairs each time is faster than keeping a heap. */
const SHORT = 48;

/**
 * Merges a word.
 *
 * @param tokens The token of each byte; the result is written over its beginning.
 * @param length How many tokens there are.
 * @param rules The merges.
 * @returns How many tokens are left.
 */
export function mergeWord(tokens: Int32Array, length: number, rules: MergeRules): number {
  return length <= SHORT ? mergeShort(tokens, length, rules) : mergeLong(tokens, length, rules);
}

/** The rank of the pair that starts at each place, for `mergeShort`. */
const pairRanks = new Int32Array(SHORT);

function mergeShort(tokens: Int32Array, length: number, { ranks, merged }: MergeRules): number {
  for (let i = 0; i + 1 < length; i++) pairRanks[i] = ranks.get(tokens[i]!, tokens[i + 1]!);
  while (length > 1) {
    let best = -1;
    let at = 0;
    for (let i = 0; i + 1 < length; i++) {
      const rank = pairRanks[i]!;
      if (rank >= 0 && (best < 0 || rank < best)) {
        best = rank;
        at = i;
      }
    }
    if (best < 0) break;
    tokens[at] = merged[best]!;
    length--;
    // A loop: for so few, it is faster than `copyWithin`.
    for (let i = at + 1; i < length; i++) {
      tokens[i] = tokens[i + 1]!;
      pairRanks[i] = pairRanks[i + 1]!;
    }
    if (at > 0) pairRanks[at - 1] = ranks.get(tokens[at - 1]!, tokens[at]!);
    if (at + 1 < length) pairRanks[at] = ranks.get(tokens[at]!, tokens[at + 1]!);
  }
  return length;
}

/** The same with a heap and a linked list: a word of n bytes takes O(n log n) steps. */
function mergeLong(tokens: Int32Array, length: number, { ranks, merged }: MergeRules): number {
  const next = Int32Array.from({ length }, (_, i) => i + 1);
  const previous = Int32Array.from({ length }, (_, i) => i - 1);
  // rank × length + place orders pairs by rank, then from left to right.
  const heap = new MinHeap(length);
  const consider = (at: number) => {
    if (at < 0 || next[at]! >= length) return;
    const rank = ranks.get(tokens[at]!, tokens[next[at]!]!);
    if (rank >= 0) heap.push(rank * length + at);
  };
  for (let at = 0; at + 1 < length; at++) consider(at);
  while (heap.size > 0) {
    const entry = heap.pop();
    const at = entry % length;
    const rank = (entry - at) / length;
    const gone = next[at]!;
    // An entry is out of date if the tokens it was made for have been merged since.
    if (tokens[at] === -1 || gone >= length) continue;
    if (ranks.get(tokens[at]!, tokens[gone]!) !== rank) continue;
    tokens[at] = merged[rank]!;
    tokens[gone] = -1;
    next[at] = next[gone]!;
    if (next[at]! < length) previous[next[at]!] = at;
    consider(at);
    consider(previous[at]!);
  }
  let count = 0;
  for (let at = 0; at < length; at = next[at]!) tokens[count++] = tokens[at]!;
  return count;
}

/** A binary heap of numbers, the least on top. */
class MinHeap {
  #items: Float64Array;
  size = 0;

  constructor(capacity: number) {
    this.#items = new Float64Array(capacity);
  }

  push(item: number): void {
    if (this.size === this.#items.length) {
      const grown = new Float64Array(this.#items.length * 2);
      grown.set(this.#items);
      this.#items = grown;
    }
    const items = this.#items;
    let at = this.size++;
    for (; at > 0; at = (at - 1) >> 1) {
      const parent = items[(at - 1) >> 1]!;
      if (parent <= item) break;
      items[at] = parent;
    }
    items[at] = item;
  }

  pop(): number {
    const items = this.#items;
    const top = items[0]!;
    const last = items[--this.size]!;
    let at = 0;
    for (let child = 1; child < this.size; child = 2 * at + 1) {
      if (child + 1 < this.size && items[child + 1]! < items[child]!) child++;
      if (items[child]! >= last) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return top;
  }
}
