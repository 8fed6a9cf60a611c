/**
 * Merges as they stand in files, pairs of byte strings, made into tables of token ids.
 *
 * @module
 */

import { toPrintable } from "./byte_alphabet.ts";
import type { MergeRules } from "./merge_word.ts";
import { PairTable } from "./pair_table.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A pair of tokens that are merged, as bytes. */
export type Merge = readonly [left: Uint8Array, right: Uint8Array];

/**
 * Makes the rules for merging.
 *
 * @param merges Pairs of tokens, in the order they were learned.
 * @param vocabulary Where their ids are found.
 * @returns The rules.
 * @throws {RangeError} If a token of a merge, or what it makes, is not in the vocabulary, or a merge
 * is there twice.
 */
export function toMergeRules(merges: readonly Merge[], vocabulary: Vocabulary): MergeRules {
  const ranks = new PairTable(merges.length);
  const merged = new Int32Array(merges.length);
  let both = new Uint8Array(256);
  merges.forEach(([left, right], rank) => {
    const length = left.length + right.length;
    if (length > both.length) both = new Uint8Array(2 * length);
    both.set(left);
    both.set(right, left.length);
    const leftId = vocabulary.idOf(left);
    const rightId = vocabulary.idOf(right);
    const mergedId = vocabulary.idOf(both, length);
    const describe = () => `${quote(left)} + ${quote(right)} (merge ${rank + 1})`;
    if (leftId < 0 || rightId < 0 || mergedId < 0) {
      const missing = leftId < 0 ? left : rightId < 0 ? right : both.subarray(0, length);
      throw new RangeError(
        `Cannot merge ${describe()}: ${quote(missing)} is not in the vocabulary`,
      );
    }
    const earlier = ranks.get(leftId, rightId);
    if (earlier !== -1) {
      throw new RangeError(`Cannot merge ${describe()}: merge ${earlier + 1} is the same`);
    }
    ranks.set(leftId, rightId, rank);
    merged[rank] = mergedId;
  });
  return { ranks, merged };
}

/** A token as error messages show it. */
function quote(token: Uint8Array): string {
  return JSON.stringify(toPrintable(token));
}
