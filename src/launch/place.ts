/**
 * Writes tensors into parts of other tensors.
 *
 * @module
 */

import { pointwiseKernel } from "../../kernels/pointwise.ts";
import type { Shape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { launch } from "./launch.ts";
import { elementType, fill } from "./pointwise.ts";

/** Where along an axis a part lies */
export interface Placement {
  readonly axis: number;
  readonly start: number;
  readonly step?: number;
}

/** Overwrites a part of a row-major `target` with `source`, in place */
export function place(source: Tensor, target: Tensor, placement: Placement): void {
  const { axis, start, step = 1 } = placement;
  if (source.size === 0) return;
  const stride = target.strides[axis]!;
  const type = elementType(source.dtype);
  const kernel = pointwiseKernel({
    expression: { name: "place", values: ["a"], result: type },
    shape: source.shape,
    operands: [{ name: "a", as: type, type, offset: source.offset, strides: source.strides }],
    result: {
      offset: target.offset + start * stride,
      strides: target.strides.with(axis, stride * step),
    },
  }, source.device.runtime.traits);
  launch(kernel, [source], [target]);
}

/** Zeros of the given shape with `source` in the given place */
export function pad(source: Tensor, shape: Shape, placement: Placement): Tensor {
  const target = fill(new Tensor(source.device, { shape, dtype: source.dtype }), 0);
  place(source, target, placement);
  return target;
}

/** Overwrites a row-major tensor with the values of another of the same shape, in place */
export function copyInto(source: Tensor, target: Tensor): void {
  using flat = target.view({ shape: [1, ...target.shape], offset: target.offset });
  using values = source.view({
    shape: [1, ...source.shape],
    strides: [0, ...source.strides],
    offset: source.offset,
  });
  place(values, flat, { axis: 0, start: 0 });
}
