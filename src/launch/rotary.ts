/**
 * Rotary position embedding on tensors.
 *
 * @module
 */

import { rotaryKernel } from "../../kernels/rotary.ts";
import { contiguousStrides } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { launch } from "./launch.ts";
import { contiguous, copy } from "./pointwise.ts";

/** By which angles to turn */
export interface Rotation {
  /** Cosine and sine of every angle, [positions, dimension / 2, 2] */
  readonly table: Tensor;
  /** Row of the table for the first position */
  readonly firstPosition: number;
  /** Turns backwards, which is the gradient of turning forwards */
  readonly inverse?: boolean;
}

/** Turns vectors [..., positions, dimension] */
export function rotate(x: Tensor, rotation: Rotation): Tensor {
  if (x.strides.at(-1) !== 1 && x.size > 0) {
    using plain = copy(x);
    return rotate(plain, rotation);
  }
  const { table, firstPosition, inverse = false } = rotation;
  const output = new Tensor(x.device, {
    shape: x.shape,
    strides: resultStrides(x),
    dtype: x.dtype,
  });
  if (output.size === 0) return output;
  const axes = x.shape.slice(0, -1).map((size, axis) => ({
    size,
    stride: x.strides[axis]!,
    resultStride: output.strides[axis]!,
  }));
  const positions = axes.pop()!;
  const heads = axes.pop() ?? { size: 1, stride: 0, resultStride: 0 };
  const kernel = rotaryKernel({
    batch: axes,
    heads,
    positions,
    offset: x.offset,
    length: x.shape.at(-1)!,
    firstPosition,
    inverse,
  });
  launch(kernel, [x, table], [output]);
  return output;
}

/** Turns the heads of rows [..., positions, heads · dimension] */
export function rotateHeads(x: Tensor, rotation: Rotation): Tensor {
  if (x.size === 0) return x.view();
  const [positions, columns] = x.shape.slice(-2) as [number, number];
  const dimension = 2 * rotation.table.shape[1]!;
  using plain = contiguous(x);
  using heads = plain.view({
    shape: [x.size / positions / columns, columns / dimension, positions, dimension],
    strides: [positions * columns, dimension, columns, 1],
    offset: plain.offset,
  });
  using turned = rotate(heads, rotation);
  return turned.view({ shape: x.shape });
}

/** Row-major, or with the heads inside the positions where `x` has them there */
function resultStrides(x: Tensor): number[] {
  const [batch = 1, heads = 1, positions = 1, dimension = 1] = x.shape;
  if (x.rank === 4 && x.strides[1]! < x.strides[2]! && batch > 0) {
    return [positions * heads * dimension, dimension, heads * dimension, 1];
  }
  return contiguousStrides(x.shape);
}
