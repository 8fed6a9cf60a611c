/**
 * Matrix products.
 *
 * @module
 */

import { record } from "../autograd.ts";
import * as launch from "../launch/matmul.ts";
import { broadcastShapes, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { reshape, transpose } from "./views.ts";

/**
 * Matrix product `a [..., m, k] · b [..., k, n]` → `[..., m, n]`. Batch axes broadcast; an operand
 * with one axis is a row on the left and a column on the right, as in NumPy. Transposed views are
 * read as they lie.
 *
 * @throws {TypeError} if the inner sizes differ
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (a.rank === 0 || b.rank === 0 || a.shape.at(-1) !== b.shape.at(b.rank === 1 ? 0 : -2)) {
    throw new TypeError(
      `Cannot multiply ${formatShape(a.shape)} by ${
        formatShape(b.shape)
      }: inner sizes must match, ` +
        `got ${a.shape.at(-1) ?? "a scalar"} and ${
          b.shape.at(b.rank === 1 ? 0 : -2) ?? "a scalar"
        }`,
    );
  }
  if (a.dtype !== "f32" || b.dtype !== "f32") {
    throw new TypeError(`Cannot multiply matrices of ${a.dtype} and ${b.dtype}: needs f32`);
  }
  if (a.rank === 1 || b.rank === 1) return withVector(a, b);
  // A single matrix on the right sees all rows of all batches as one tall matrix.
  if (a.rank > 2 && b.rank === 2) {
    using rows = reshape(a, [-1, a.shape.at(-1)!]);
    using product = matrices(rows, b);
    return reshape(product, [...a.shape.slice(0, -1), b.shape[1]!]);
  }
  broadcastShapes("multiply", a.shape.slice(0, -2), b.shape.slice(0, -2));
  return matrices(a, b);
}

function matrices(a: Tensor, b: Tensor): Tensor {
  return record(launch.matmul(a, b), {
    name: "matmul",
    inputs: [a, b],
    saved: [a, b],
    gradients: (g, a, b) => [
      () => productInLayoutOf(a, g, transpose(b)),
      () => productInLayoutOf(b, transpose(a), g),
    ],
  });
}

/**
 * `left · right`, laid out in memory as `like` is: a gradient of a transposed view is then
 * contiguous once the view is undone.
 */
function productInLayoutOf(like: Tensor, left: Tensor, right: Tensor): Tensor {
  const isTransposed = like.strides.at(-2) === 1 && like.strides.at(-1) !== 1;
  return isTransposed
    ? transpose(launch.matmul(transpose(right), transpose(left)))
    : launch.matmul(left, right);
}

function withVector(a: Tensor, b: Tensor): Tensor {
  using left = a.rank === 1 ? reshape(a, [1, -1]) : a.view(a);
  using right = b.rank === 1 ? reshape(b, [-1, 1]) : b.view(b);
  using product = matmul(a.rank === 1 ? left : a, b.rank === 1 ? right : b);
  const shape = [...product.shape];
  if (b.rank === 1) shape.pop();
  if (a.rank === 1) shape.splice(b.rank === 1 ? -1 : -2, 1);
  return reshape(product, shape);
}
