/**
 * Cumulative sums of tensors.
 *
 * @module
 */

import { scanChunksKernel, scanShiftKernel } from "../../kernels/scan.ts";
import { Tensor } from "../tensor.ts";
import { launch } from "./launch.ts";
import { elementType, packed } from "./pointwise.ts";

const CHUNK = 256;

/** Cumulative sum along the last axis, from the end where `reverse` */
export function scan(tensor: Tensor, reverse: boolean): Tensor {
  const length = tensor.shape.at(-1)!;
  const { device } = tensor;
  const dtype = tensor.dtype === "bool" ? "i32" : tensor.dtype;
  const output = new Tensor(device, { shape: tensor.shape, dtype });
  if (output.size === 0) return output;
  const rows = output.size / length;
  const chunks = Math.ceil(length / CHUNK);
  const shape = { type: elementType(dtype), rows, length, chunk: CHUNK, reverse };
  const { traits } = device.runtime;
  using data = packed(tensor);
  using totals = new Tensor(device, { shape: [rows, chunks], dtype });
  launch(scanChunksKernel(shape, traits), [data], [output, totals]);
  if (chunks > 1) {
    using sums = scan(totals, false);
    launch(scanShiftKernel(shape, traits), [sums], [output]);
  }
  return output;
}
