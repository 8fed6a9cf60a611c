/**
 * Matrix products of tensors, batched, with transposed views read as they lie.
 *
 * @module
 */

import { Tensor } from "../tensor.ts";
import type { Destination } from "./launch.ts";
import { narrowMatmul } from "./narrow_matmul.ts";
import { fill, floatType } from "./pointwise.ts";
import { canSumRows, matmulSizes, product } from "./product.ts";
import { splitProduct } from "./split_product.ts";

/** Longest inner axis of one launch: llvmpipe silently ends loops after 65,535 rounds */
export const MAX_INNER = 32768;

/**
 * a [..., m, k] · b [..., k, n] = [..., m, n]; batch axes broadcast; shapes were checked. The result
 * is a new tensor, or goes `into` a row-major one, which may begin at an offset.
 */
export function matmul(a: Tensor, b: Tensor, into?: Destination): Tensor {
  return multiply(a, b, { into })[0];
}

/**
 * a [m, k] · b [k, n] as {@link matmul} gives it, and the sums of the rows of a [m], as far as they
 * cost next to nothing beside the product; nothing else of the sums is computed
 */
export function matmulAndRowSums(
  a: Tensor,
  b: Tensor,
  into?: Destination,
): [product: Tensor, sums: Tensor | undefined] {
  return multiply(a, b, { into, sumRows: true });
}

function multiply(
  a: Tensor,
  b: Tensor,
  { into, sumRows = false }: { into: Destination | undefined; sumRows?: boolean },
): [product: Tensor, sums: Tensor | undefined] {
  const narrow = narrowMatmul(a, b, into);
  if (narrow) return [narrow, undefined];
  const { batch, m, n, k } = matmulSizes(a, b);
  const dtype = floatType(a, b);
  const target = into?.target ?? new Tensor(a.device, { shape: [...batch, m, n], dtype });
  let rowSums: Tensor | undefined;
  if (target.size === 0) return [target, rowSums];
  if (k === 0) return [into?.add ? target : fill(target, 0), rowSums];
  for (let start = 0; start < k; start += MAX_INNER) {
    const end = Math.min(start + MAX_INNER, k);
    using left = between(a, -1, start, end);
    using right = between(b, -2, start, end);
    const part = { target, add: start > 0 || (into?.add ?? false) };
    if (splitProduct(left, right, part)) continue;
    if (sumRows && k <= MAX_INNER && canSumRows(left)) {
      rowSums = new Tensor(a.device, { shape: [m], dtype });
    }
    product(left, right, { ...part, rowSums });
  }
  return [target, rowSums];
}

/** A view of the positions `start` to `end` of an axis counted from the end */
function between(tensor: Tensor, axis: -1 | -2, start: number, end: number): Tensor {
  return tensor.view({
    shape: tensor.shape.with(axis, end - start),
    strides: tensor.strides,
    offset: tensor.offset + start * tensor.strides.at(axis)!,
  });
}
