/**
 * Kernels that work on the rows of a tensor: its last axis.
 *
 * @module
 */

import type { Kernel } from "../../kernels/kernel.ts";
import type { RowsShape } from "../../kernels/softmax.ts";
import type { Tensor } from "../tensor.ts";
import { launch } from "./launch.ts";
import { packed } from "./pointwise.ts";

/** The rows of a tensor: everything but the last axis, and the last axis */
export function rowsOf(tensor: Tensor): RowsShape {
  const length = tensor.shape.at(-1) ?? 1;
  return { rows: length === 0 ? 0 : tensor.size / length, length };
}

/** Runs a kernel whose inputs lie row-major from the start of memory, copied there if need be */
export function launchPacked(
  kernel: Kernel,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
): void {
  const plain = inputs.map(packed);
  launch(kernel, plain, outputs);
  for (const tensor of plain) tensor.dispose();
}
