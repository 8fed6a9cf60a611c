/**
 * The norm of all gradients together, and clipping by it.
 *
 * @module
 */

import { noGrad } from "../autograd.ts";
import { accumulate } from "../launch/accumulate.ts";
import { pointwise } from "../launch/pointwise.ts";
import { reduce } from "../launch/reduce.ts";
import type { Tensor } from "../tensor.ts";

/** Euclidean norm of the gradients of all parameters as one vector: a scalar on the device */
export function gradNorm(parameters: readonly Tensor[]): Tensor {
  const gradients = parameters.flatMap((parameter) => parameter.grad ?? []);
  if (gradients.length === 0) throw new TypeError("Cannot measure gradients: there are none");
  return noGrad(() => {
    using total = gradients
      .map((gradient) => reduce("sumOfSquares", gradient, gradient.shape.map((_, axis) => axis)))
      .reduce(accumulate);
    return pointwise({
      name: "grad_norm",
      value: "sqrt(a)",
      operands: { a: total },
      as: () => "f32",
      result: "f32",
    });
  });
}

/**
 * The factor that brings a norm down to `maxNorm`, or 1 where it is below already: PyTorch's
 * `min(1, maxNorm / (norm + 1e-6))`. A scalar on the device.
 */
export function clipFactor(norm: Tensor, maxNorm: number): Tensor {
  return pointwise({
    name: "clip_factor",
    value: "min(1.0, m / (a + 1e-6))",
    operands: { a: norm, m: maxNorm },
    as: () => "f32",
    result: "f32",
  });
}

/**
 * Scales all gradients in place so that their common norm is at most `maxNorm`, as
 * `torch.nn.utils.clip_grad_norm_` does.
 *
 * @returns The norm before clipping, a scalar on the device; the caller disposes it
 * @throws {RangeError} if `maxNorm` is not positive
 */
export function clipGradNorm(parameters: readonly Tensor[], maxNorm: number): Tensor {
  if (!(maxNorm > 0)) {
    throw new RangeError(`Cannot clip to norm ${maxNorm}: needs a positive number`);
  }
  return noGrad(() => {
    const norm = gradNorm(parameters);
    using factor = clipFactor(norm, maxNorm);
    for (const { grad } of parameters) {
      if (!grad) continue;
      pointwise({
        name: "clip_gradient",
        value: "a * b",
        operands: { a: grad, b: factor },
        as: () => "f32",
        result: "f32",
        inPlace: true,
      });
    }
    return norm;
  });
}
