/**
 * Rotary position embedding: pairs of neighbours are turned by an angle that grows with the
 * position.
 *
 * @module
 */

import { address, type Axis } from "./indexing.ts";
import {
  type AdapterTraits,
  coverWith,
  ENTRY_PARAMETERS,
  type Kernel,
  Params,
  workgroupIndex,
} from "./kernel.ts";

/** Strided vectors, contiguous in themselves, and their place in the table of angles */
export interface RotaryLaunch {
  /** Axes before the last; the last of them is the position */
  readonly axes: readonly Axis[];
  readonly offset: number;
  /** Elements of a vector: an even number */
  readonly length: number;
  /** Strides of the result along `axes` */
  readonly resultStrides: readonly number[];
  /** Row of the table for position 0 */
  readonly firstPosition: number;
  /** Turns backwards, which is the gradient of turning forwards */
  readonly inverse: boolean;
}

/** Bindings: x, cosines [positions, length / 2], sines, result */
export function rotaryKernel(launch: RotaryLaunch, traits: AdapterTraits): Kernel {
  const { axes, length, inverse } = launch;
  const pairs = length / 2;
  const vectors = axes.reduce((product, axis) => product * axis.size, 1);
  const params = new Params();
  params.u32(vectors * pairs, pairs, axes.at(-1)!.size, launch.offset);
  const firstPosition = Params.read(params.u32(launch.firstPosition));
  const source = address("source", "vector", axes, params);
  const target = address(
    "target_at",
    "vector",
    axes.map(({ size }, i) => ({ size, stride: launch.resultStrides[i]! })),
    params,
  );
  const size = traits.software ? 8 : 64;
  const sign = inverse ? "-" : "";
  return {
    name: inverse ? "rotary_gradient" : "rotary",
    code: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> cosines: array<f32>;
@group(0) @binding(2) var<storage, read> sines: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;
${Params.declare(4, params.length)}
@compute @workgroup_size(${size})
fn main(${ENTRY_PARAMETERS}) {
  let i = ${workgroupIndex} * ${size}u + lid.x;
  if (i >= params[0].x) { return; }
  let vector = i / params[0].y;
  let pair = i - vector * params[0].y;
  let angle = (vector % params[0].z + ${firstPosition}) * params[0].y + pair;
  let c = cosines[angle];
  let s = ${sign}sines[angle];
  ${source}
  ${target}
  let at = source + params[0].w + 2u * pair;
  let a = x[at];
  let b = x[at + 1u];
  result[target_at + 2u * pair] = a * c - b * s;
  result[target_at + 2u * pair + 1u] = a * s + b * c;
}`,
    workgroups: coverWith(size, vectors * pairs),
    params: params.pack(),
  };
}
