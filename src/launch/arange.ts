/**
 * Consecutive integers, made on the GPU: numbers written from the host would not be written again
 * when captured commands are replayed.
 *
 * @module
 */

import { arangeKernel } from "../../kernels/arange.ts";
import type { Device } from "../device.ts";
import { Tensor } from "../tensor.ts";
import { launch } from "./launch.ts";

/** The `length` integers from `start`, as i32 */
export function arange(device: Device, start: number, length: number): Tensor {
  const output = new Tensor(device, { shape: [length], dtype: "i32" });
  if (length > 0) launch(arangeKernel({ start, length }), [], [output]);
  return output;
}
