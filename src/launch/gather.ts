/**
 * Gathers and scatters of tensors along an axis; shapes were checked.
 *
 * @module
 */

import { gatherKernel, scatterAddKernel } from "../../kernels/gather.ts";
import { Tensor } from "../tensor.ts";
import { launch } from "./launch.ts";
import { elementType } from "./pointwise.ts";

/** Steps along a line that one launch takes: llvmpipe silently ends loops after 65,535 */
const MAX_STEPS = 32768;

/** Elements of `data` at the places that `index` names along `axis`; of the index's shape */
export function gather(data: Tensor, index: Tensor, axis: number): Tensor {
  const output = new Tensor(data.device, { shape: index.shape, dtype: data.dtype });
  if (output.size === 0) return output;
  const kernel = gatherKernel({
    type: elementType(data.dtype),
    shape: index.shape,
    index,
    data: { offset: data.offset, strides: data.strides.with(axis, 0) },
    axis: axisOf(data, axis),
  });
  launch(kernel, [data, index], [output]);
  return output;
}

/** Adds `source`, of the index's shape, to the row-major `target` in place */
export function scatterAdd(target: Tensor, index: Tensor, source: Tensor, axis: number): Tensor {
  const length = index.shape[axis]!;
  if (index.size === 0 || target.size === 0) return target;
  const lines = (tensor: Tensor) => ({
    offset: tensor.offset,
    strides: tensor.strides.toSpliced(axis, 1),
    axis: axisOf(tensor, axis),
  });
  for (let start = 0; start < length; start += MAX_STEPS) {
    const kernel = scatterAddKernel({
      type: elementType(target.dtype),
      lines: index.shape.toSpliced(axis, 1),
      result: lines(target),
      index: lines(index),
      source: lines(source),
      start,
      end: Math.min(start + MAX_STEPS, length),
    });
    launch(kernel, [index, source], [target]);
  }
  return target;
}

function axisOf(tensor: Tensor, axis: number): { size: number; stride: number } {
  return { size: tensor.shape[axis]!, stride: tensor.strides[axis]! };
}
