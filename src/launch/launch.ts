/**
 * From tensors to a dispatch. Everything in this folder runs kernels on tensors without recording
 * gradients; ops and the tape are built on it.
 *
 * @module
 */

import type { Kernel } from "../../kernels/kernel.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Runs a kernel over the memory of the given tensors, bound in order, inputs before outputs. Does
 * nothing when an output has no elements. Kernels must cope with inputs at an offset themselves.
 */
export function launch(kernel: Kernel, inputs: readonly Tensor[], outputs: readonly Tensor[]): void {
  const { runtime } = outputs[0]!.device;
  const buffers = [];
  for (const tensor of [...inputs, ...outputs]) {
    if (tensor.device !== outputs[0]!.device) {
      throw new TypeError(`Cannot run ${kernel.name}: its tensors live on different devices`);
    }
    const { buffer } = tensor.storage(`run ${kernel.name} on`);
    if (!buffer) return;
    buffers.push(buffer);
  }
  runtime.dispatch(kernel, buffers);
}
