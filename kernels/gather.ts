/**
 * Elements picked by an index tensor along one axis, and the sum in the other direction.
 *
 * @module
 */

import { address, collapse } from "./indexing.ts";
import { coverWith, ENTRY_PARAMETERS, type Kernel, Params, workgroupIndex } from "./kernel.ts";
import type { ElementType } from "./pointwise.ts";

/** Invocations of a workgroup */
const SIZE = 64;

/** Where elements lie, counted in elements */
export interface Place {
  readonly offset: number;
  readonly strides: readonly number[];
}

/** One axis of a tensor: its size, and the distance between neighbours */
interface PickedAxis {
  readonly size: number;
  readonly stride: number;
}

/** One gather */
export interface GatherLaunch {
  readonly type: ElementType;
  /** Shape of the index and of the result */
  readonly shape: readonly number[];
  readonly index: Place;
  /** The data without the axis picked from, whose stride here is 0 */
  readonly data: Place;
  /** The axis picked from */
  readonly axis: PickedAxis;
}

/**
 * `result[…, j, …] = data[…, index[…, j, …], …]`; NaN, or 0 for integers, where the index is out of
 * range. Bindings: data, index, result (row-major)
 */
export function gatherKernel(launch: GatherLaunch): Kernel {
  const { type, index, data, axis } = launch;
  const { shape, strides } = collapse(launch.shape, [index.strides, data.strides]);
  const count = shape.reduce((product, size) => product * size, 1);
  const axes = (which: number) => shape.map((size, at) => ({ size, stride: strides[which]![at]! }));

  const params = new Params();
  const word = (value: number) => Params.read(params.u32(value));
  const countWord = word(count);
  const nothing = type === "f32" ? Params.readFloat(params.f32(NaN)) : "0";
  const main = /* wgsl */ `
  let i = ${workgroupIndex} * ${SIZE}u + lid.x;
  if (i >= ${countWord}) { return; }
  ${address("index_at", "i", axes(0), params)}
  ${address("data_at", "i", axes(1), params)}
  let picked = indices[index_at + ${word(index.offset)}];
  if (picked < 0 || u32(picked) >= ${word(axis.size)}) { result[i] = ${nothing}; return; }
  result[i] = data[data_at + ${word(data.offset)} + u32(picked) * ${word(axis.stride)}];`;
  return {
    name: "gather",
    code: /* wgsl */ `
@group(0) @binding(0) var<storage, read> data: array<${type}>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> result: array<${type}>;
${Params.declare(3, params.length)}
@compute @workgroup_size(${SIZE})
fn main(${ENTRY_PARAMETERS}) {${main}
}`,
    workgroups: coverWith(SIZE, count),
    params: params.pack(),
  };
}

/** One scatter-add: a line of results along the axis for every line of indices */
export interface ScatterAddLaunch {
  readonly type: ElementType;
  /** Sizes of the axes other than the one scattered along */
  readonly lines: readonly number[];
  /** Lines of the result, and the axis within a line */
  readonly result: Place & { readonly axis: PickedAxis };
  /** Lines of indices; `start` to `end` are the positions that this launch adds up */
  readonly index: Place & { readonly axis: PickedAxis };
  readonly source: Place & { readonly axis: PickedAxis };
  readonly start: number;
  readonly end: number;
}

/**
 * `result[…, v, …] += Σ source[…, j, …]` over all j whose index is v. Every result walks through
 * its whole line of indices, in order, so that sums are the same in every run; no invocation may
 * walk further than 65,535 steps. Bindings: index, source, result
 */
export function scatterAddKernel(launch: ScatterAddLaunch): Kernel {
  const { type, result, index, source } = launch;
  const { shape, strides } = collapse(
    launch.lines,
    [result.strides, index.strides, source.strides],
  );
  const count = shape.reduce((product, size) => product * size, 1) * result.axis.size;
  const axes = (which: number) => shape.map((size, at) => ({ size, stride: strides[which]![at]! }));

  const params = new Params();
  const word = (value: number) => Params.read(params.u32(value));
  const main = /* wgsl */ `
  let i = ${workgroupIndex} * ${SIZE}u + lid.x;
  if (i >= ${word(count)}) { return; }
  let line = i / ${word(result.axis.size)};
  let v = i - line * ${word(result.axis.size)};
  ${address("result_line", "line", axes(0), params)}
  ${address("index_line", "line", axes(1), params)}
  ${address("source_line", "line", axes(2), params)}
  var index_at = index_line + ${word(index.offset + launch.start * index.axis.stride)};
  var source_at = source_line + ${word(source.offset + launch.start * source.axis.stride)};
  var sum = ${type}(0);
  for (var j = ${word(launch.start)}; j < ${word(launch.end)}; j++) {
    if (indices[index_at] == i32(v)) { sum += source[source_at]; }
    index_at += ${word(index.axis.stride)};
    source_at += ${word(source.axis.stride)};
  }
  result[result_line + ${word(result.offset)} + v * ${word(result.axis.stride)}] += sum;`;
  return {
    name: "scatter_add",
    code: /* wgsl */ `
@group(0) @binding(0) var<storage, read> indices: array<i32>;
@group(0) @binding(1) var<storage, read> source: array<${type}>;
@group(0) @binding(2) var<storage, read_write> result: array<${type}>;
${Params.declare(3, params.length)}
@compute @workgroup_size(${SIZE})
fn main(${ENTRY_PARAMETERS}) {${main}
}`,
    workgroups: coverWith(SIZE, count),
    params: params.pack(),
  };
}
