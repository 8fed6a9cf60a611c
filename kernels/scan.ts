/**
 * Cumulative sums along rows. An invocation walks one chunk of a row; the totals of the chunks are
 * summed up in turn and added by a second kernel.
 *
 * @module
 */

import {
  type AdapterTraits,
  coverWith,
  ENTRY_PARAMETERS,
  type Kernel,
  Params,
  storageBuffers,
  workgroupIndex,
} from "./kernel.ts";
import type { ElementType } from "./pointwise.ts";

/** Rows of `length` elements cut into chunks, all row-major */
export interface ScanLaunch {
  readonly type: ElementType;
  readonly rows: number;
  readonly length: number;
  readonly chunk: number;
  /** From the end to the start */
  readonly reverse: boolean;
}

/** Sums within chunks. Bindings: data, result [rows, length], totals [rows, chunks] */
export function scanChunksKernel(launch: ScanLaunch, traits: AdapterTraits): Kernel {
  return kernel(
    "scan_chunks",
    launch,
    traits,
    ["data"],
    ["result", "totals"],
    /* wgsl */ `
  var sum = ${launch.type}(0);
  for (var j = start; j < end; j++) {
    let at = row * length + ${launch.reverse ? "length - 1u - j" : "j"};
    sum += data[at];
    result[at] = sum;
  }
  totals[i] = sum;`,
  );
}

/** Adds the sum of all earlier chunks. Bindings: sums [rows, chunks], result [rows, length] */
export function scanShiftKernel(launch: ScanLaunch, traits: AdapterTraits): Kernel {
  return kernel(
    "scan_shift",
    launch,
    traits,
    ["sums"],
    ["result"],
    /* wgsl */ `
  if (part == 0u) { return; }
  let shift = sums[i - 1u];
  for (var j = start; j < end; j++) {
    result[row * length + ${launch.reverse ? "length - 1u - j" : "j"}] += shift;
  }`,
  );
}

function kernel(
  name: string,
  launch: ScanLaunch,
  traits: AdapterTraits,
  inputs: readonly string[],
  outputs: readonly string[],
  body: string,
): Kernel {
  const chunks = Math.ceil(launch.length / launch.chunk);
  const params = new Params();
  params.u32(launch.rows * chunks, launch.length, launch.chunk, chunks);
  const size = traits.software ? 8 : 64;
  const buffer = (name: string) => ({ name, type: launch.type });
  return {
    name,
    code: /* wgsl */ `
${storageBuffers(inputs.map(buffer), outputs.map(buffer))}
${Params.declare(inputs.length + outputs.length, 4)}
@compute @workgroup_size(${size})
fn main(${ENTRY_PARAMETERS}) {
  let i = ${workgroupIndex} * ${size}u + lid.x;
  if (i >= params[0].x) { return; }
  let length = params[0].y;
  let row = i / params[0].w;
  let part = i % params[0].w;
  let start = part * params[0].z;
  let end = min(start + params[0].z, length);${body}
}`,
    workgroups: coverWith(size, launch.rows * chunks),
    params: params.pack(),
  };
}
