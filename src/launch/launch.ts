/**
 * From tensors to a dispatch. Everything in this folder runs kernels on tensors without recording
 * gradients; ops and the tape are built on it.
 *
 * @module
 */

import type { Kernel } from "../../kernels/kernel.ts";
import type { PooledBuffer } from "../gpu/pool.ts";
import type { TextureRead } from "../gpu/textures.ts";
import { ELEMENT_BYTES, type Tensor } from "../tensor.ts";

/**
 * Runs a kernel over the memory of the given tensors, bound in order, inputs before outputs. Does
 * nothing when an output has no elements. Kernels must cope with inputs at an offset themselves,
 * except for those that are read as textures: their textures start at the offset.
 */
export function launch(
  kernel: Kernel,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
): void {
  const { runtime } = outputs[0]!.device;
  const buffers: PooledBuffer[] = [];
  const textures: TextureRead[] = [];
  for (const tensor of [...inputs, ...outputs]) {
    if (tensor.device !== outputs[0]!.device) {
      throw new TypeError(`Cannot run ${kernel.name}: its tensors live on different devices`);
    }
    const { buffer } = tensor.storage(`run ${kernel.name} on`);
    if (!buffer) return;
    if (textures.length < (kernel.textures ?? 0)) textures.push({ buffer, ...extentOf(tensor) });
    else buffers.push(buffer);
  }
  runtime.dispatch(kernel, buffers, textures);
}

/** The part of memory that a tensor's elements lie in */
function extentOf(tensor: Tensor): { byteOffset: number; bytes: number } {
  const last = tensor.strides.reduce(
    (at, stride, axis) => at + stride * (tensor.shape[axis]! - 1),
    0,
  );
  return {
    byteOffset: tensor.offset * ELEMENT_BYTES,
    bytes: Math.ceil((last + 1) / 4) * 4 * ELEMENT_BYTES,
  };
}
