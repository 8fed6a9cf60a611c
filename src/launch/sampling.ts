/**
 * Draws tokens on the device, so that the next forward pass can start before the host knows them.
 *
 * @module
 */

import { samplingKernel, type SamplingLaunch } from "../../kernels/sampling.ts";
import type { Tensor } from "../tensor.ts";
import { launch } from "./launch.ts";
import { packed } from "./pointwise.ts";
import { rowsOf } from "./rows.ts";

/** How tokens are drawn, and for which row of `uniforms` and `tokens` */
export type SampleOptions = Omit<SamplingLaunch, "rows" | "length">;

/**
 * Draws a token from every row of `logits` [..., V] by the random numbers in row `slot` of `uniforms`
 * [slots, rows] and writes it to the same place of `tokens` [slots, rows] of type i32.
 */
export function sample(
  logits: Tensor,
  memory: { uniforms: Tensor; tokens: Tensor },
  options: SampleOptions,
): void {
  using plain = packed(logits);
  const kernel = samplingKernel({ ...rowsOf(logits), ...options }, logits.device.runtime.traits);
  const dice = options.temperature === 0 ? [] : [memory.uniforms];
  launch(kernel, [plain, ...dice], [memory.tokens]);
}
