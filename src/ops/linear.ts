/**
 * Linear maps with what is added to them, in one kernel.
 *
 * @module
 */

import { record } from "../autograd.ts";
import { finishedMatmul } from "../launch/finished_matmul.ts";
import type { Tensor } from "../tensor.ts";
import { checkLinear } from "./linear_checks.ts";
import { asRows, productUnder, shaped, turned, weightAndBiasGradients } from "./products.ts";

/** What {@link linear} adds to the product */
export interface LinearAddends {
  /** Shape [out] */
  bias?: Tensor | undefined;
  /** The residual stream, of the result's shape */
  residual?: Tensor | undefined;
}

/**
 * `x · weightᵀ + bias + residual`, in one kernel: x [..., in], weight [out, in] → [..., out].
 *
 * @throws {TypeError} if shapes do not fit
 *
 * @example One layer with a residual connection
 * ```ts
 * import { linear, requestDevice } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * using device = await requestDevice();
 * const x = device.tensor([[1, 2]]);
 * const weight = device.tensor([[0, 1], [1, 0]]);
 * const y = linear(x, weight, { bias: device.tensor([10, 20]), residual: x });
 * assertEquals(await y.nested(), [[13, 23]]);
 * ```
 */
export function linear(x: Tensor, weight: Tensor, addends: LinearAddends = {}): Tensor {
  const { bias, residual } = addends;
  const shape = checkLinear("linear", x, weight, addends);
  using rows = asRows(x);
  using columns = turned(weight);
  using stream = residual && asRows(residual);
  const terms = ["v", ...(bias ? ["bias"] : []), ...(residual ? ["residual"] : [])];
  const [product] = finishedMatmul(rows, columns, {
    name: terms.slice(1).join("_"),
    columns: { bias },
    elements: { residual: stream },
    values: [terms.join(" + ")],
  });
  return record(shaped(product!, shape), {
    name: "linear",
    inputs: [x, weight, ...(bias ? [bias] : []), ...(residual ? [residual] : [])],
    saved: [rows, weight],
    gradients(gradient, rows, weight) {
      const g = asRows(gradient);
      const gradients = weightAndBiasGradients(() => g, rows!, bias);
      return [
        (into) => productUnder(x.shape, { a: g, b: weight!, into }),
        gradients.weight,
        ...(bias ? [gradients.bias] : []),
        ...(residual ? [() => gradient] : []),
      ];
    },
  });
}
