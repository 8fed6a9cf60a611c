/**
 * Matrix products of tensors, batched, with transposed views read as they lie.
 *
 * @module
 */

import { isDeep, isTall } from "../../kernels/matmul_narrow.ts";
import { sliceLength } from "../../kernels/matmul_split.ts";
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
  const narrow = narrowMatmul(a, b, into);
  if (narrow) return narrow;
  const { batch, m, n, k } = matmulSizes(a, b);
  const target = into?.target ??
    new Tensor(a.device, { shape: [...batch, m, n], dtype: floatType(a, b) });
  if (target.size === 0) return target;
  if (k === 0) return into?.add ? target : fill(target, 0);
  for (let start = 0; start < k; start += MAX_INNER) {
    const end = Math.min(start + MAX_INNER, k);
    using left = between(a, -1, start, end);
    using right = between(b, -2, start, end);
    const part = { target, add: start > 0 || (into?.add ?? false) };
    if (!splitProduct(left, right, part)) product(left, right, part);
  }
  return target;
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
  const { m, n, k } = matmulSizes(a, b);
  const { device } = a;
  const { traits } = device.runtime;
  const isOneLaunch = m * n * k > 0 && k <= MAX_INNER && !isTall({ m, n, k }) &&
    !isDeep({ m, n, k }) && sliceLength({ m, n, k, batches: 1 }, traits) >= k;
  if (!isOneLaunch || !canSumRows(a)) return [matmul(a, b, into), undefined];
  const dtype = floatType(a, b);
  const target = into?.target ?? new Tensor(device, { shape: [m, n], dtype });
  const rowSums = new Tensor(device, { shape: [m], dtype });
  product(a, b, { target, add: into?.add ?? false, rowSums });
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
