/**
 * A tokenizer's parts, as the writers of file formats are given them.
 *
 * @module
 */

import type { Merge } from "./merge_rules.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** What the writers of formats are given. */
export interface TokenizerContents {
  /** The tokens. */
  readonly vocabulary: Vocabulary;
  /** Pairs of tokens, in the order they were learned. */
  readonly merges: readonly Merge[];
  /** The id of each special token. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** Whether words that are tokens are taken whole. */
  readonly ignoreMerges: boolean;
}
