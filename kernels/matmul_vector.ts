/**
 * Product of one row with a matrix whose columns lie contiguously, as a linear layer's weight does:
 * what decoding a token consists of. Every element of the matrix takes part in one product only, so
 * loading it is all that matters.
 *
 * On subgroups of eight a lane computes a column by itself, and the row, which all of them need, is
 * loaded by eight vectors at once and handed round by `subgroupShuffle`. Elsewhere eight lanes share
 * a column, so that neighbours load neighbours, and add up in workgroup memory.
 *
 * @module
 */

import {
  type AdapterTraits,
  ENTRY_PARAMETERS,
  foldWorkgroups,
  type Kernel,
  Params,
  workgroupIndex,
} from "./kernel.ts";
import type { MatmulLaunch } from "./matmul.ts";
import { NO_EPILOGUE, storeFunction } from "./matmul_epilogue.ts";

/** Columns of a workgroup */
const COLUMNS = 8;

/** Whether a product is one of a row with contiguous columns, by whole vectors of four */
export function isVectorProduct({ m, k, batch, a, b }: MatmulLaunch): boolean {
  return m === 1 && batch.every((size) => size === 1) && !a.transposed && b.transposed &&
    [k, a.offset, b.offset, b.leading].every((number) => number % 4 === 0);
}

/** See the top of the file. Bindings: A, B, C */
export function vectorMatmul(launch: MatmulLaunch, traits: AdapterTraits): Kernel {
  const { n, k, a, b, c, epilogue = NO_EPILOGUE } = launch;
  const shuffles = traits.subgroupSize === 8;
  const params = new Params();
  const word = (value: number) => Params.read(params.u32(value));
  const groups = Math.ceil(n / COLUMNS);
  const columns = word(n), vectors = word(k / 4), groupsWord = word(groups);
  const aFirst = word(a.offset / 4), bFirst = word(b.offset / 4), leading = word(b.leading / 4);
  const store = storeFunction(params, {
    epilogue,
    binding: 2,
    offset: c.offset,
    add: c.add,
    wide: false,
  });
  const finish = (result: string) =>
    `let v = ${result}; ${store.loadColumns("column", 1)} store(column, column, ${
      store.values.join(", ")
    });`;
  const total = "sum.x + sum.y + sum.z + sum.w";

  const byShuffling = /* wgsl */ `
  let column = group * ${COLUMNS}u + lane;
  let first = ${bFirst} + min(column, ${columns} - 1u) * ${leading};
  let whole = vectors - vectors % 8u;
  for (var i = 0u; i < whole; i += 8u) {
    let row = a[${aFirst} + i + lane];
    ${
    Array.from(
      { length: 8 },
      (_, j) => `sum += subgroupShuffle(row, ${j}u) * b[first + i + ${j}u];`,
    )
      .join("\n    ")
  }
  }
  for (var i = whole; i < vectors; i++) { sum += a[${aFirst} + i] * b[first + i]; }
  if (column < ${columns}) { ${finish(total)} }`;

  const bySharing = /* wgsl */ `
  let part = lane % 8u;
  let column = group * ${COLUMNS}u + lane / 8u;
  let first = ${bFirst} + min(column, ${columns} - 1u) * ${leading};
  for (var i = part; i < vectors; i += 8u) { sum += a[${aFirst} + i] * b[first + i]; }
  parts[lane] = ${total};
  workgroupBarrier();
  if (part == 0u && column < ${columns}) {
    ${finish(Array.from({ length: 8 }, (_, j) => `parts[lane + ${j}u]`).join(" + "))}
  }`;

  return {
    name: `matmul_vector${epilogue.name}`,
    code: /* wgsl */ `${shuffles ? traits.subgroupPrelude : ""}
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
${store.code}
${Params.declare(store.end, params.length)}
${params.variables()}
${shuffles ? "" : `var<workgroup> parts: array<f32, ${8 * COLUMNS}>;`}
@compute @workgroup_size(${shuffles ? COLUMNS : 8 * COLUMNS})
fn main(${ENTRY_PARAMETERS}) {
  read_params();
  let group = ${workgroupIndex};
  if (group >= ${groupsWord}) { return; }
  let lane = lid.x;
  let vectors = ${vectors};
  var sum = vec4f();${shuffles ? byShuffling : bySharing}
}`,
    workgroups: foldWorkgroups(groups),
    flops: 2 * n * k,
    params: params.pack(),
  };
}
