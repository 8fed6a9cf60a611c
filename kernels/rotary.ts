/**
 * Rotary position embedding: pairs of neighbours are turned by an angle that grows with the
 * position.
 *
 * @module
 */

import { address, type Axis } from "./indexing.ts";
import { coverWith, ENTRY_PARAMETERS, type Kernel, Params, workgroupIndex } from "./kernel.ts";

/** Strided vectors, contiguous in themselves */
export interface RotaryLaunch {
  /** Axes before heads and positions */
  readonly batch: readonly StridedAxis[];
  readonly heads: StridedAxis;
  readonly positions: StridedAxis;
  /** Of the source, in elements; the result starts at 0 */
  readonly offset: number;
  /** Elements of a vector: an even number */
  readonly length: number;
  /** Row of the table for position 0 */
  readonly firstPosition: number;
  /** Turns backwards, which is the gradient of turning forwards */
  readonly inverse: boolean;
}

/** An axis with its strides in source and result */
export interface StridedAxis extends Axis {
  readonly resultStride: number;
}

/**
 * An invocation turns one pair, or two where vectors of four allow, of one position in all heads,
 * which share the angles. Bindings: x, table [positions, length / 2] of (cosine, sine), result
 */
export function rotaryKernel(launch: RotaryLaunch): Kernel {
  const { batch, heads, positions, length, inverse } = launch;
  const axes = [...batch, heads, positions];
  const numbers = axes.flatMap(({ stride, resultStride }) => [stride, resultStride]);
  const wide = [length, launch.offset, ...numbers].every((number) => number % 4 === 0);
  const unit = wide ? 4 : 2;
  const outer = [...batch, positions];
  const rows = outer.reduce((product, axis) => product * axis.size, 1);
  const steps = length / unit;

  const params = new Params();
  params.u32(rows * steps, steps, positions.size, launch.firstPosition);
  params.u32(heads.size, heads.stride, heads.resultStride, launch.offset);
  const source = address("source", "row", outer, params);
  const target = address(
    "target_at",
    "row",
    outer.map(({ size, resultStride }) => ({ size, stride: resultStride })),
    params,
  );
  const size = 64;
  const type = wide ? "vec4f" : "f32";
  const sign = inverse ? "-" : "";
  const turn = wide
    ? /* wgsl */ `
    let v = x[read_at / 4u];
    result[write_at / 4u] = v * angles.xxzz + vec4f(-v.y, v.x, -v.w, v.z) * sines;`
    : /* wgsl */ `
    let a = x[read_at];
    let b = x[read_at + 1u];
    result[write_at] = a * angles.x - b * sines.x;
    result[write_at + 1u] = a * sines.x + b * angles.x;`;
  return {
    name: inverse ? "rotary_gradient" : "rotary",
    code: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<${type}>;
@group(0) @binding(1) var<storage, read> table: array<vec${unit}f>;
@group(0) @binding(2) var<storage, read_write> result: array<${type}>;
${Params.declare(3, params.length)}
@compute @workgroup_size(${size})
fn main(${ENTRY_PARAMETERS}) {
  let i = ${workgroupIndex} * ${size}u + lid.x;
  if (i >= params[0].x) { return; }
  let steps = params[0].y;
  let row = i / steps;
  let step = i - row * steps;
  let position = row % params[0].z + params[0].w;
  let angles = table[position * steps + step];
  let sines = ${sign}angles.${wide ? "yyww" : "yy"};
  ${source}
  ${target}
  var read_at = source + params[1].w + ${unit}u * step;
  var write_at = target_at + ${unit}u * step;
  for (var head = 0u; head < params[1].x; head++) {${turn}
    read_at += params[1].y;
    write_at += params[1].z;
  }
}`,
    workgroups: coverWith(size, rows * steps),
    params: params.pack(),
  };
}
