/**
 * The Euclidean norm of numbers that lie in any number of buffers, in a kernel for each buffer and
 * one for all. No lane waits for another until the last kernel, whose single workgroup costs nothing
 * even where barriers are dear.
 *
 * @module
 */

import {
  coverWith,
  ENTRY_PARAMETERS,
  type Kernel,
  Params,
  storageBuffers,
  workgroupIndex,
} from "./kernel.ts";

/** Invocations of a workgroup of the first kernel */
const SIZE = 64;

/** Invocations of the workgroup of the second kernel */
const LANES = 256;

/** Most sums that a buffer is cut into: enough lanes to keep a large GPU reading */
const MAX_SUMS = 16384;

/** Vectors of four that a lane adds up at least, where there are enough */
const LEAST = 16;

/** The number of partial sums that {@link squaresKernel} makes of `count` numbers */
export function partialSums(count: number): number {
  const lanes = Math.ceil(count / (4 * LEAST));
  return Math.min(MAX_SUMS, Math.ceil(lanes / SIZE) * SIZE);
}

/**
 * Partial sums of the squares of `count` numbers. Neighbours read neighbours, so that loads join up
 * on a GPU. Bindings: numbers, sums; the sums are written from number `start` on
 */
export function squaresKernel(count: number, start: number): Kernel {
  const lanes = partialSums(count);
  const wide = count % 4 === 0;
  const params = new Params();
  const end = Params.read(params.u32(wide ? count / 4 : count));
  const stride = Params.read(params.u32(lanes));
  const offset = Params.read(params.u32(start));
  const type = wide ? "vec4f" : "f32";
  const total = wide ? "dot(sum, vec4f(1.0))" : "sum";
  return {
    name: "sum_of_squares",
    code: /* wgsl */ `
@group(0) @binding(0) var<storage, read> numbers: array<${type}>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
${Params.declare(2, params.length)}
@compute @workgroup_size(${SIZE})
fn main(${ENTRY_PARAMETERS}) {
  let lane = ${workgroupIndex} * ${SIZE}u + lid.x;
  var a = ${type}(); var b = ${type}(); var c = ${type}(); var d = ${type}();
  var i = lane;
  while (i + 3u * ${stride} < ${end}) {
    let x = numbers[i]; a += x * x;
    let y = numbers[i + ${stride}]; b += y * y;
    let z = numbers[i + 2u * ${stride}]; c += z * z;
    let w = numbers[i + 3u * ${stride}]; d += w * w;
    i += 4u * ${stride};
  }
  while (i < ${end}) {
    let x = numbers[i]; a += x * x;
    i += ${stride};
  }
  let sum = (a + b) + (c + d);
  if (lane < ${stride}) { sums[${offset} + lane] = ${total}; }
}`,
    workgroups: coverWith(SIZE, lanes),
    params: params.pack(),
  };
}

/** How the scale of a loss is adapted */
export interface ScaleRule {
  /** Steps in a row without an overflow after which the scale doubles */
  readonly growthInterval: number;
  /** It grows no further */
  readonly largest: number;
}

/**
 * The root of all partial sums together, and the factor that brings it down to `maxNorm`, or 1 where
 * it is below already: PyTorch's `min(1, maxNorm / (norm + 1e-6))`; 0 where the norm is not finite,
 * which tells optimizers to leave out the step. Bindings: sums [count], loss, norm, factor, scale,
 * ring, those that there are.
 *
 * With a rule, gradients are multiples of what they should be, by the first number of `scale`: norm
 * and factor take that back. The scale is halved where the norm is not finite, and doubled after a
 * number of steps in a row, which the second number of `scale` counts, as PyTorch's `GradScaler`
 * does.
 *
 * With the capacity of a ring, `ring` gets a row: loss, norm, and the factor without the scale. Rows
 * are vectors of four; before them is one with the number of the row to write next, which lies there
 * since a captured step repeats the same commands, and how many are filled.
 */
export function normKernel(
  count: number,
  maxNorm: number,
  options: { rule?: ScaleRule | undefined; ringCapacity?: number | undefined } = {},
): Kernel {
  const { rule, ringCapacity } = options;
  const inputs = ["sums", ...(ringCapacity ? ["loss"] : [])];
  const outputs = ["norm", "factor", ...(rule ? ["scale"] : []), ...(ringCapacity ? ["ring"] : [])];
  const buffer = (name: string) => ({ name, type: name === "ring" ? "vec4f" : "f32" });
  const params = new Params();
  const end = Params.read(params.u32(count));
  const most = Params.readFloat(params.f32(maxNorm));
  const interval = Params.readFloat(params.f32(rule?.growthInterval ?? 0));
  const largest = Params.readFloat(params.f32(rule?.largest ?? 0));
  const capacity = Params.read(params.u32(ringCapacity ?? 0));
  const adapt = /* wgsl */ `
    let steps = select(0.0, scale[1] + 1.0, is_finite);
    let grows = steps >= ${interval};
    let grown = select(scale[0], min(scale[0] * 2.0, ${largest}), grows);
    scale[0] = select(max(scale[0] * 0.5, 1.0), grown, is_finite);
    scale[1] = select(steps, 0.0, grows);`;
  const record = /* wgsl */ `
    let row = u32(ring[0].x);
    ring[1u + row] = vec4f(loss[0], root, clip, 0.0);
    ring[0].x = f32((row + 1u) % ${capacity});
    ring[0].y = min(ring[0].y + 1.0, f32(${capacity}));`;
  return {
    name: "global_norm",
    code: /* wgsl */ `
${storageBuffers(inputs.map(buffer), outputs.map(buffer))}
${Params.declare(inputs.length + outputs.length, params.length)}
var<workgroup> partial: array<f32, ${LANES}>;
@compute @workgroup_size(${LANES})
fn main(${ENTRY_PARAMETERS}) {
  var sum = 0.0;
  var i = lid.x;
  while (i < ${end}) {
    sum += sums[i];
    i += ${LANES}u;
  }
  partial[lid.x] = sum;
  for (var half = ${LANES / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lid.x < half) { partial[lid.x] += partial[lid.x + half]; }
  }
  if (lid.x == 0u) {
    let by = ${rule ? "scale[0]" : "1.0"};
    let root = sqrt(partial[0]) / by;
    // Compilers may assume that there is no infinity: look at the exponent.
    let is_finite = (bitcast<u32>(root) & 0x7f800000u) != 0x7f800000u;
    let clip = select(0.0, min(1.0, ${most} / (root + 1e-6)), is_finite);
    norm[0] = root;
    factor[0] = clip / by;${rule ? adapt : ""}${ringCapacity ? record : ""}
  }
}`,
    workgroups: [1, 1, 1],
    params: params.pack(),
  };
}
