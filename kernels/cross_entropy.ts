/**
 * Cross-entropy of logits against target classes, row by row. The forward kernel keeps the row's
 * log-sum-exp, from which the backward kernel restores the probabilities.
 *
 * @module
 */

import type { AdapterTraits, Kernel } from "./kernel.ts";
import { forEach, rowKernel } from "./rows.ts";
import type { RowsShape } from "./softmax.ts";

/** WGSL: the target's class, whether the row counts, and whether the class exists */
const TARGET = /* wgsl */ `
  let class_index = targets[row];
  let ignored = class_index == i32(scalar(0));
  let valid = class_index >= 0 && class_index < i32(scalar(1));`;

/**
 * Losses are 0 for ignored rows and NaN for classes that do not exist. Bindings: logits, targets,
 * losses, log-sum-exps
 */
export function crossEntropyKernel(
  shape: RowsShape,
  ignoreIndex: number,
  traits: AdapterTraits,
): Kernel {
  const wide = shape.length % 4 === 0;
  return rowKernel({
    name: "cross_entropy",
    ...shape,
    inputs: [{ name: "logits", type: "row" }, { name: "targets", type: "i32" }],
    outputs: [{ name: "losses", type: "f32" }, { name: "log_sums", type: "f32" }],
    scalars: [ignoreIndex, shape.length, -Infinity, NaN],
    body: /* wgsl */ `${TARGET}
  var lane_max = scalar(2);
  ${forEach("lane_max = max(lane_max, greatest(logits[i]));")}
  let shift = row_max(lane_max);
  var lane_sum = 0.0;
  ${forEach("lane_sum += total(exp(logits[i] - shift));")}
  let sum = row_sum(lane_sum);
  if (lane == 0u) {
    let log_sum = log(sum);
    let at = u32(clamp(class_index, 0, i32(scalar(1)) - 1));
    let logit = ${wide ? "logits[first + at / 4u][at % 4u]" : "logits[first + at]"};
    // Subtracting the shift first keeps the digits that large logits would cost.
    let loss = log_sum - (logit - shift);
    losses[row] = select(select(scalar(3), loss, valid), 0.0, ignored);
    log_sums[row] = shift + log_sum;
  }`,
  }, traits);
}

/**
 * Gradient of the logits: `(softmax - one-hot) · g`, 0 for ignored rows. Bindings: logits, targets,
 * log-sum-exps, gradient of the losses, gradient of the logits
 */
export function crossEntropyGradientKernel(
  shape: RowsShape,
  ignoreIndex: number,
  traits: AdapterTraits,
): Kernel {
  const wide = shape.length % 4 === 0;
  const here = wide
    ? "vec4f(vec4u(4u * (i - first)) + vec4u(0u, 1u, 2u, 3u) == vec4u(class_at))"
    : "f32(i - first == class_at)";
  return rowKernel({
    name: "cross_entropy_gradient",
    ...shape,
    inputs: [
      { name: "logits", type: "row" },
      { name: "targets", type: "i32" },
      { name: "log_sums", type: "f32" },
      { name: "gradient", type: "f32" },
    ],
    outputs: [{ name: "result", type: "row" }],
    scalars: [ignoreIndex, shape.length, NaN],
    body: /* wgsl */ `${TARGET}
  let scale = select(select(scalar(2), gradient[row], valid), 0.0, ignored);
  let log_sum = log_sums[row];
  let class_at = u32(max(class_index, 0));
  ${forEach(`result[i] = (exp(logits[i] - log_sum) - ${here}) * scale;`)}`,
  }, traits);
}
