/**
 * What ops built on matrix products share. Nothing here records gradients.
 *
 * @module
 */

import { type GradientThunk, noGrad } from "../autograd.ts";
import type { Destination } from "../launch/launch.ts";
import { matmul, matmulAndRowSums } from "../launch/matmul.ts";
import { sumTo } from "../launch/reduce.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { reshape } from "./views.ts";

/** All rows of all batches as one matrix: a view where the strides allow */
export function asRows(x: Tensor): Tensor {
  return x.rank === 2 ? x.view(x) : noGrad(() => reshape(x, [-1, x.shape.at(-1)!]));
}

/** A new tensor under another shape */
export function shaped(product: Tensor, shape: Shape): Tensor {
  using plain = product;
  return plain.view({ shape });
}

/** A view of the transposed matrix */
export function turned(matrix: Tensor): Tensor {
  return matrix.view({
    shape: matrix.shape.toReversed(),
    strides: matrix.strides.toReversed(),
    offset: matrix.offset,
  });
}

/** `a · b` of two matrices under `shape`, which `into` has where it is given */
export function productUnder(
  shape: Shape,
  { a, b, into }: { a: Tensor; b: Tensor; into?: Destination | undefined },
): Tensor {
  if (!into?.target.isContiguous) return shaped(matmul(a, b), shape);
  matmul(a, b, { ...into, target: into.target.view({ shape: [a.shape[0]!, b.shape[1]!] }) });
  return into.target;
}

/**
 * Gradients of a weight [out, in] and of its bias [out] from the gradients [N, out] of what they made
 * of rows [N, in]. The bias's is found beside the weight's where that is possible.
 */
export function weightAndBiasGradients(
  g: () => Tensor,
  rows: Tensor,
  bias?: Tensor,
): { weight: GradientThunk; bias: GradientThunk } {
  let sums: Tensor | undefined;
  return {
    weight(into) {
      using columns = turned(g());
      const target = into?.target.isContiguous ? into : undefined;
      if (!bias?.requiresGrad) return matmul(columns, rows, target);
      const [product, rowSums] = matmulAndRowSums(columns, rows, target);
      sums = rowSums;
      return product;
    },
    bias: (into) => sums ?? sumTo(g(), g().shape.slice(-1), into),
  };
}
