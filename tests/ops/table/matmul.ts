/** Matrix products and what is made of them; sizes around every tile are in `matmul.test.ts`. */

import { einsum } from "../../../src/ops/einsum.ts";
import { matmul } from "../../../src/ops/matmul.ts";
import type { Shape } from "../../../src/shape.ts";
import * as reference from "../../reference/mod.ts";
import type { OpRow } from "../row.ts";

/** Patterns with shapes of the operands */
const PATTERNS: readonly (readonly [pattern: string, ...shapes: Shape[]])[] = [
  // One operand: order, sums, both.
  ["ij->ji", [3, 5]],
  ["ijk->k", [2, 3, 5]],
  ["i->", [7]],
  ["batch seq d -> d batch", [2, 3, 5]],
  ["...i->i...", [2, 3, 4]],
  // Matrix products, plain and transposed.
  ["ij,jk->ik", [3, 5], [5, 4]],
  ["ij,kj->ik", [3, 5], [4, 5]],
  ["ij,jk->ki", [3, 5], [5, 4]],
  ["ji,jk->ik", [5, 3], [5, 4]],
  // Scores, mixing and projections of attention as notebooks write them.
  ["bhid,bhjd->bhij", [2, 2, 3, 4], [2, 2, 5, 4]],
  ["bqhd,bkhd->bhqk", [2, 3, 2, 4], [2, 5, 2, 4]],
  ["bhqk,bkhd->bqhd", [2, 2, 3, 5], [2, 5, 2, 4]],
  ["batch seq d, head d out -> batch seq head out", [2, 3, 4], [2, 4, 5]],
  ["batch seq head out, head out d -> batch seq d", [2, 3, 2, 5], [2, 5, 4]],
  ["batch seq d, out d -> batch seq out", [2, 3, 4], [5, 4]],
  ["... d_in, d_out d_in -> ... d_out", [2, 3, 4], [5, 4]],
  ["... i j, ... j k -> ... i k", [2, 1, 3, 4], [3, 4, 2]],
  // Axes that are summed in one operand, kept in both, or in neither.
  ["i,j->ij", [3], [5]],
  ["i,i->", [7], [7]],
  ["bi,bi->b", [3, 5], [3, 5]],
  ["ij,ij->ij", [3, 5], [3, 5]],
  ["ijx,jky->ik", [2, 3, 2], [3, 4, 2]],
  ["ij,j->i", [3, 5], [5]],
  ["i,->i", [3], []],
  ["... i, i -> ...", [2, 3, 4], [4]],
  // Two inner axes, in the same and in another order, which costs a copy.
  ["iab,abj->ij", [3, 2, 4], [2, 4, 5]],
  ["iab,baj->ij", [3, 2, 4], [4, 2, 5]],
  ["ij,jk->ik", [3, 0], [0, 2]],
];

export const MATMUL: readonly OpRow[] = [
  {
    name: "matmul",
    op: matmul,
    oracle: reference.matmul,
    shapes: [
      [[3, 5], [5, 4]],
      [[8, 4], [4, 8]],
      [[5], [5, 3]],
      [[3, 5], [5]],
      [[5], [5]],
      [[1, 1], [1, 1]],
    ],
    hasVariants: true,
  },
  {
    name: "matmul of batches",
    op: matmul,
    oracle: reference.matmul,
    shapes: [
      [[2, 3, 4], [2, 4, 5]],
      [[2, 3, 5], [5, 4]],
      [[3, 5], [2, 5, 4]],
      [[2, 1, 3, 5], [4, 5, 2]],
      [[3, 1, 4, 4], [1, 2, 4, 8]],
      [[5], [2, 5, 3]],
      [[2, 3, 5], [5]],
    ],
    hasVariants: true,
  },
  {
    name: "matmul of nothing",
    op: matmul,
    oracle: reference.matmul,
    shapes: [[[0, 3], [3, 2]], [[2, 0], [0, 3]], [[2, 3], [3, 0]], [[0, 2, 3], [3, 4]]],
  },
  ...PATTERNS.map(([pattern, ...shapes]): OpRow => ({
    name: `einsum "${pattern}"`,
    op: (a, b?) => einsum(pattern, a!, b),
    oracle: (...operands) => reference.einsum(pattern, ...operands),
    shapes: [shapes],
  })),
];
