/**
 * The norm of all gradients together, and clipping by it.
 *
 * @module
 */

import { normKernel, partialSums, squaresKernel } from "../../kernels/global_norm.ts";
import { noGrad } from "../autograd.ts";
import { launch } from "../launch/launch.ts";
import { pointwise } from "../launch/pointwise.ts";
import { Tensor } from "../tensor.ts";
import { runs } from "./arena.ts";
import type { LossScaler } from "./loss_scaler.ts";
import type { StepRing } from "./step_ring.ts";

/** Euclidean norm of the gradients of all parameters as one vector: a scalar on the device */
export function gradNorm(parameters: readonly Tensor[]): Tensor {
  const { norm, factor } = measureGradients(parameters, { maxNorm: Infinity });
  factor.dispose();
  return norm;
}

/** Options of {@link measureGradients} */
export interface MeasureOptions {
  /** Greatest norm that gradients are to have */
  maxNorm: number;
  /** What scaled the loss that the gradients are of; the scale is adapted */
  scaler?: LossScaler | undefined;
  /** A ring to write to on the device, and the loss, a scalar, that goes with the measures */
  record?: { ring: StepRing; loss: Tensor };
}

/** What {@link measureGradients} finds out, two scalars on the device */
export interface GradientMeasures {
  /** Euclidean norm of all gradients as one vector */
  readonly norm: Tensor;
  /** What gradients must be multiplied with to be clipped: `min(1, maxNorm / (norm + 1e-6))` */
  readonly factor: Tensor;
}

/**
 * The norm of the gradients of all parameters, and the factor that brings it down to `maxNorm`, as
 * PyTorch computes it. Give the factor to an optimizer's `step()` as `gradientScale`: that clips
 * without going through the gradients once more.
 *
 * A norm that is not finite gives the factor 0, and with it a step that changes nothing.
 *
 * @throws {TypeError} if no parameter has a gradient
 * @throws {RangeError} if `maxNorm` is not positive
 */
export function measureGradients(
  parameters: readonly Tensor[],
  options: MeasureOptions,
): GradientMeasures {
  const { maxNorm, scaler, record } = options;
  if (!(maxNorm > 0)) {
    throw new RangeError(`Cannot clip to norm ${maxNorm}: needs a positive number`);
  }
  const gradients = parameters.flatMap((parameter) => parameter.grad ?? []);
  if (gradients.length === 0) throw new TypeError("Cannot measure gradients: there are none");
  const { device } = gradients[0]!;
  const counts: number[] = [];
  runs(gradients.map((gradient) => [gradient]), ([flat]) => counts.push(partialSums(flat!.size)));
  const total = counts.reduce((sum, count) => sum + count, 0);
  using sums = new Tensor(device, { shape: [total], dtype: "f32" });
  let start = 0;
  runs(gradients.map((gradient) => [gradient]), ([flat]) => {
    launch(squaresKernel(flat!.size, start), [flat!], [sums]);
    start += partialSums(flat!.size);
  });
  const scalar = () => new Tensor(device, { shape: [], dtype: "f32" });
  const norm = scalar(), factor = scalar();
  const kernel = normKernel(total, maxNorm, {
    rule: scaler?.rule,
    ringCapacity: record?.ring.capacity,
  });
  launch(kernel, [sums, ...(record ? [record.loss] : [])], [
    ...[norm, factor],
    ...(scaler ? [scaler.state] : []),
    ...(record ? [record.ring.memory] : []),
  ]);
  return { norm, factor };
}

/**
 * Scales all gradients in place so that their common norm is at most `maxNorm`, as
 * `torch.nn.utils.clip_grad_norm_` does.
 *
 * @returns The norm before clipping, a scalar on the device; the caller disposes it
 * @throws {TypeError} if no parameter has a gradient
 * @throws {RangeError} if `maxNorm` is not positive
 */
export function clipGradNorm(parameters: readonly Tensor[], maxNorm: number): Tensor {
  const { norm, factor } = measureGradients(parameters, { maxNorm });
  using scale = factor;
  noGrad(() =>
    runs(parameters.flatMap(({ grad }) => grad ? [[grad]] : []), ([flat]) =>
      pointwise({
        name: "clip_gradients",
        value: "a * b",
        operands: { a: flat!, b: scale },
        as: () => "f32",
        result: "f32",
        inPlace: true,
      }))
  );
  return norm;
}
