/**
 * Rotary position embedding.
 *
 * @module
 */

import { record } from "../autograd.ts";
import type { Device } from "../device.ts";
import { finishedMatmul } from "../launch/finished_matmul.ts";
import { once } from "../launch/once.ts";
import { rotate, rotateHeads, type Rotation } from "../launch/rotary.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkLinear } from "./linear_checks.ts";
import { asRows, productUnder, shaped, turned, weightAndBiasGradients } from "./products.ts";

/**
 * The angles of RoFormer (Su et al. 2021, equation 15): position `p` turns pair `i` by
 * `p · theta^(-2i / dimension)`. Computed in double precision.
 *
 * @returns Cosine and sine of every angle, [positions, dimension / 2, 2]
 * @throws {RangeError} if `dimension` is odd
 */
export function rotaryTable(
  device: Device,
  options: { positions: number; dimension: number; theta?: number },
): Tensor {
  const { positions, dimension, theta = 10000 } = options;
  if (dimension % 2 !== 0 || dimension < 2) {
    throw new RangeError(`Cannot rotate vectors of size ${dimension}: needs an even size`);
  }
  const values = new Float32Array(positions * dimension);
  for (let position = 0, at = 0; position < positions; position++) {
    for (let pair = 0; pair < dimension / 2; pair++) {
      const angle = position * theta ** (-2 * pair / dimension);
      values[at++] = Math.cos(angle);
      values[at++] = Math.sin(angle);
    }
  }
  return device.tensor(values, { shape: [positions, dimension / 2, 2] });
}

/**
 * Turns each pair of neighbours (2i, 2i + 1) of `x [..., positions, dimension]` by its position's
 * angle: `(a cos - b sin, a sin + b cos)`. Result of the same shape; where `x` is [B, H, T, D] seen
 * through a permutation of [B, T, H, D], so is the result.
 *
 * @param table Made by {@link rotaryTable}
 * @throws {RangeError} if the table has too few positions
 * @throws {TypeError} if the sizes of vectors and table differ
 */
export function applyRotary(
  x: Tensor,
  table: Tensor,
  options: { firstPosition?: number } = {},
): Tensor {
  const { firstPosition = 0 } = options;
  const [available = 0, pairs = 0] = table.shape;
  if (x.rank < 2 || x.shape.at(-1) !== 2 * pairs) {
    throw new TypeError(
      `Cannot rotate ${formatShape(x.shape)}: the table is for vectors of size ${2 * pairs}`,
    );
  }
  checkPositions(firstPosition, x.shape.at(-2)!, available);
  return record(rotate(x, { table, firstPosition }), {
    name: "applyRotary",
    inputs: [x],
    saved: [table],
    gradients: (g, table) => [() => rotate(g, { table: table!, firstPosition, inverse: true })],
  });
}

/** Angles for {@link rotaryLinear}, and what is added before turning */
export interface RotaryLinearOptions {
  /** Made by {@link rotaryTable} for heads of `dimension` */
  table: Tensor;
  /** Position of the first row of a sequence; 0 unless said otherwise */
  firstPosition?: number;
  /** Shape [out] */
  bias?: Tensor | undefined;
}

/**
 * A linear map whose result is turned as {@link applyRotary} turns each of its heads, in one kernel:
 * x [..., positions, in], weight [heads · dimension, in] → [..., positions, heads · dimension].
 *
 * @throws {RangeError} if the table has too few positions
 * @throws {TypeError} if shapes do not fit
 *
 * @example Queries of two heads
 * ```ts
 * import { requestDevice, rotaryLinear, rotaryTable } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * using device = await requestDevice();
 * const table = rotaryTable(device, { positions: 16, dimension: 4 });
 * const x = device.randn([3, 10, 6], { seed: 0 }), weight = device.randn([8, 6], { seed: 1 });
 * assertEquals(rotaryLinear(x, weight, { table }).shape, [3, 10, 8]);
 * ```
 */
export function rotaryLinear(x: Tensor, weight: Tensor, options: RotaryLinearOptions): Tensor {
  const { table, firstPosition = 0, bias } = options;
  const shape = checkLinear("rotaryLinear", x, weight, { bias });
  const [available = 0, pairs = 0] = table.shape;
  if (x.rank < 2 || shape.at(-1)! % (2 * pairs) !== 0) {
    throw new TypeError(
      `Cannot rotate ${formatShape(shape)}: the table is for heads of size ${2 * pairs}`,
    );
  }
  const positions = x.shape.at(-2)!;
  checkPositions(firstPosition, positions, available);
  const rotation = (table: Tensor): Rotation => ({ table, firstPosition });
  using rows = asRows(x);
  using columns = turned(weight);
  const [product] = finishedMatmul(rows, columns, {
    name: bias ? "bias" : "",
    columns: { bias },
    values: [bias ? "v + bias" : "v"],
    turn: { ...rotation(table), positions },
  });
  return record(shaped(product!, shape), {
    name: "rotaryLinear",
    inputs: [x, weight, ...(bias ? [bias] : [])],
    saved: [rows, weight, table],
    gradients(gradient, rows, weight, table) {
      const straight = once(() =>
        asRows(rotateHeads(gradient, { ...rotation(table!), inverse: true }))
      );
      const gradients = weightAndBiasGradients(straight, rows!, bias);
      return [
        (into) => productUnder(x.shape, { a: straight(), b: weight!, into }),
        gradients.weight,
        ...(bias ? [gradients.bias] : []),
      ];
    },
  });
}

function checkPositions(first: number, positions: number, available: number): void {
  if (first + positions <= available) return;
  throw new RangeError(
    `Cannot rotate positions ${first} to ${first + positions - 1}: the table has ${available}`,
  );
}
