/**
 * Softmax and its logarithm along rows, forward and backward.
 *
 * @module
 */

import type { AdapterTraits, Kernel } from "./kernel.ts";
import { forEach, rowKernel } from "./rows.ts";

/** A matrix whose rows are worked on */
export interface RowsShape {
  readonly rows: number;
  readonly length: number;
}

/** Bindings: logits, result */
export function softmaxKernel(shape: RowsShape, log: boolean, traits: AdapterTraits): Kernel {
  return rowKernel({
    name: log ? "log_softmax" : "softmax",
    ...shape,
    inputs: [{ name: "logits", type: "row" }],
    outputs: [{ name: "result", type: "row" }],
    scalars: [-Infinity],
    body: /* wgsl */ `
  var lane_max = scalar(0);
  ${forEach("lane_max = max(lane_max, greatest(logits[i]));")}
  let shift = row_max(lane_max);
  var lane_sum = 0.0;
  ${forEach("lane_sum += total(exp(logits[i] - shift));")}
  let sum = row_sum(lane_sum);
  ${
      log
        // The shift goes first: added to the logarithm, large logits would cost its digits.
        ? `let log_sum = log(sum); ${forEach("result[i] = (logits[i] - shift) - log_sum;")}`
        : `let scale = 1.0 / sum; ${forEach("result[i] = exp(logits[i] - shift) * scale;")}`
    }`,
  }, traits);
}

/**
 * Gradient of the logits. Softmax: `y · (g - Σ g·y)`; its logarithm: `g - exp(y) · Σ g`.
 * Bindings: gradient, result of the forward kernel, gradient of the logits
 */
export function softmaxGradientKernel(
  shape: RowsShape,
  log: boolean,
  traits: AdapterTraits,
): Kernel {
  return rowKernel({
    name: log ? "log_softmax_gradient" : "softmax_gradient",
    ...shape,
    inputs: [{ name: "gradient", type: "row" }, { name: "y", type: "row" }],
    outputs: [{ name: "result", type: "row" }],
    body: /* wgsl */ `
  var lane_sum = 0.0;
  ${forEach(`lane_sum += total(gradient[i]${log ? "" : " * y[i]"});`)}
  let sum = row_sum(lane_sum);
  ${
      forEach(
        log
          ? "result[i] = gradient[i] - exp(y[i]) * sum;"
          : "result[i] = y[i] * (gradient[i] - sum);",
      )
    }`,
  }, traits);
}
