/**
 * Rotary position embedding.
 *
 * @module
 */

import { rotaryKernel } from "../../kernels/rotary.ts";
import { record } from "../autograd.ts";
import type { Device } from "../device.ts";
import { launch } from "../launch/launch.ts";
import { copy } from "../launch/pointwise.ts";
import { formatShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";

/** Cosines and sines of every position's angles, each of shape [positions, dimension / 2] */
export interface RotaryTable {
  readonly cosines: Tensor;
  readonly sines: Tensor;
}

/**
 * The angles of RoFormer (Su et al. 2021, equation 15): position `p` turns pair `i` by
 * `p · theta^(-2i / dimension)`. Computed in double precision.
 *
 * @throws {RangeError} if `dimension` is odd
 */
export function rotaryTable(
  device: Device,
  options: { positions: number; dimension: number; theta?: number },
): RotaryTable {
  const { positions, dimension, theta = 10000 } = options;
  if (dimension % 2 !== 0 || dimension < 2) {
    throw new RangeError(`Cannot rotate vectors of size ${dimension}: needs an even size`);
  }
  const pairs = dimension / 2;
  const table = (f: (angle: number) => number) =>
    device.tensor(
      Float32Array.from({ length: positions * pairs }, (_, i) => {
        const position = Math.floor(i / pairs), pair = i % pairs;
        return f(position * theta ** (-2 * pair / dimension));
      }),
      { shape: [positions, pairs] },
    );
  return { cosines: table(Math.cos), sines: table(Math.sin) };
}

/**
 * Turns each pair of neighbours (2i, 2i + 1) of `x [..., positions, dimension]` by its position's
 * angle: `(a cos - b sin, a sin + b cos)`. Result of the same shape, laid out in memory as `x` is.
 *
 * @throws {RangeError} if the table has too few positions
 * @throws {TypeError} if the sizes of vectors and table differ
 */
export function applyRotary(
  x: Tensor,
  table: RotaryTable,
  options: { firstPosition?: number } = {},
): Tensor {
  const { firstPosition = 0 } = options;
  const [positions = 1, dimension = 0] = x.shape.slice(-2);
  const [available = 0, pairs = 0] = table.cosines.shape;
  if (x.rank < 2 || dimension !== 2 * pairs) {
    throw new TypeError(
      `Cannot rotate ${formatShape(x.shape)}: the table is for vectors of size ${2 * pairs}`,
    );
  }
  if (firstPosition + positions > available) {
    throw new RangeError(
      `Cannot rotate positions ${firstPosition} to ${firstPosition + positions - 1}: the table has ${available}`,
    );
  }
  return record(rotate(x, table, firstPosition, false), {
    name: "applyRotary",
    inputs: [x],
    saved: [table.cosines, table.sines],
    gradients: (g, cosines, sines) => [() => rotate(g, { cosines, sines }, firstPosition, true)],
  });
}

function rotate(x: Tensor, table: RotaryTable, firstPosition: number, inverse: boolean): Tensor {
  if (x.strides.at(-1) !== 1 && x.size > 0) {
    using plain = copy(x);
    return rotate(plain, table, firstPosition, inverse);
  }
  // Heads are axis -3 of what attention sees, but lie inside the positions in memory.
  const byPosition = x.rank === 4 && x.strides[1]! < x.strides[2]!;
  const [batch = 1, heads = 1, positions = 1, dimension = 1] = x.shape;
  const output = byPosition
    ? new Tensor(x.device, {
      shape: x.shape,
      strides: [positions * heads * dimension, dimension, heads * dimension, 1],
      dtype: "f32",
    })
    : new Tensor(x.device, { shape: x.shape, dtype: "f32" });
  if (batch === 0 || output.size === 0) return output;
  const kernel = rotaryKernel({
    axes: x.shape.slice(0, -1).map((size, axis) => ({ size, stride: x.strides[axis]! })),
    offset: x.offset,
    length: x.shape.at(-1)!,
    resultStrides: output.strides.slice(0, -1),
    firstPosition,
    inverse,
  }, x.device.runtime.traits);
  launch(kernel, [x, table.cosines, table.sines], [output]);
  return output;
}
