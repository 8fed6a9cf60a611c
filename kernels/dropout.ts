/**
 * Dropout masks drawn on the device. The random numbers are a hash of seed, step and position in
 * integer arithmetic, so that they are the same on every adapter. The step lives in a buffer: a
 * captured graph draws new masks on every run.
 *
 * @module
 */

import { coverWith, ENTRY_PARAMETERS, type Kernel, Params, workgroupIndex } from "./kernel.ts";

/** One launch */
export interface DropoutLaunch {
  readonly count: number;
  /** Probability that an element is dropped, from 0 to below 1 */
  readonly probability: number;
  /** Two words that tell this dropout from all others */
  readonly key: readonly [number, number];
}

/**
 * Scale of every element: 0 where dropped, `1 / (1 - probability)` elsewhere. The hash is
 * Threefry-2x32 with 20 rounds (Salmon et al. 2011). Bindings: step, scales
 */
export function dropoutKernel(launch: DropoutLaunch): Kernel {
  const params = new Params();
  params.u32(launch.count, launch.key[0], launch.key[1], Math.round(launch.probability * 2 ** 32));
  const scale = Params.readFloat(params.f32(1 / (1 - launch.probability)));
  const size = 64;
  return {
    name: "dropout",
    code: /* wgsl */ `
@group(0) @binding(0) var<storage, read> step: array<i32>;
@group(0) @binding(1) var<storage, read_write> scales: array<f32>;
${Params.declare(2, params.length)}
fn rotate(x: u32, by: u32) -> u32 { return (x << by) | (x >> (32u - by)); }
fn mix(x: vec2u, by: u32) -> vec2u { let a = x.x + x.y; return vec2u(a, rotate(x.y, by) ^ a); }
fn threefry(key: vec2u, counter: vec2u) -> u32 {
  let k2 = key.x ^ key.y ^ 0x1BD11BDAu;
  var x = counter + key;
  x = mix(mix(mix(mix(x, 13u), 15u), 26u), 6u) + vec2u(key.y, k2 + 1u);
  x = mix(mix(mix(mix(x, 17u), 29u), 16u), 24u) + vec2u(k2, key.x + 2u);
  x = mix(mix(mix(mix(x, 13u), 15u), 26u), 6u) + vec2u(key.x, key.y + 3u);
  x = mix(mix(mix(mix(x, 17u), 29u), 16u), 24u) + vec2u(key.y, k2 + 4u);
  x = mix(mix(mix(mix(x, 13u), 15u), 26u), 6u) + vec2u(k2, key.x + 5u);
  return x.x;
}
@compute @workgroup_size(${size})
fn main(${ENTRY_PARAMETERS}) {
  let i = ${workgroupIndex} * ${size}u + lid.x;
  if (i >= params[0].x) { return; }
  let draw = threefry(vec2u(params[0].y, params[0].z), vec2u(i, u32(step[0])));
  scales[i] = select(${scale}, 0.0, draw < params[0].w);
}`,
    workgroups: coverWith(size, launch.count),
    params: params.pack(),
  };
}
