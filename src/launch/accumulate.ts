/**
 * Sums of gradients.
 *
 * @module
 */

import type { Tensor } from "../tensor.ts";
import { pointwise } from "./pointwise.ts";

/**
 * The sum of two tensors of one shape. Takes over both: the sum is made in the memory of the first
 * where nobody else looks at it.
 */
export function accumulate(sum: Tensor, part: Tensor): Tensor {
  const inPlace = sum.storage("accumulate").isUnshared && sum.isContiguous && sum.offset === 0;
  const total = pointwise({
    name: "accumulate",
    value: "a + b",
    operands: { a: sum, b: part },
    as: () => "f32",
    result: "f32",
    inPlace,
  });
  part.dispose();
  if (total !== sum) sum.dispose();
  return total;
}
