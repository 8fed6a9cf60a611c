/**
 * Consecutive integers: what ops that depend on positions compare with.
 *
 * @module
 */

import { coverWith, ENTRY_PARAMETERS, type Kernel, Params, workgroupIndex } from "./kernel.ts";

/** Invocations of a workgroup */
const SIZE = 64;

/** `start`, `start + 1`, … Bindings: result [length] */
export function arangeKernel(
  { start, length }: { readonly start: number; readonly length: number },
): Kernel {
  const params = new Params();
  const lengthWord = Params.read(params.u32(length));
  const startWord = Params.read(params.u32(start));
  return {
    name: "arange",
    code: /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> result: array<i32>;
${Params.declare(1, params.length)}
@compute @workgroup_size(${SIZE})
fn main(${ENTRY_PARAMETERS}) {
  let i = ${workgroupIndex} * ${SIZE}u + lid.x;
  if (i >= ${lengthWord}) { return; }
  result[i] = bitcast<i32>(${startWord} + i);
}`,
    workgroups: coverWith(SIZE, length),
    params: params.pack(),
  };
}
