/**
 * Matrix product for subgroups of eight lanes, made for CPUs that pretend to be GPUs. There a lane
 * is a lane of a vector register, loads are dear and a shuffle from a fixed lane is one instruction.
 *
 * A workgroup is one subgroup and computes ROWS × 32 results. Lane `l` keeps four neighbouring
 * columns for every row. For four steps of k at a time it loads the four matching vectors of B, and
 * one vector of A for each eight rows; a row of A then reaches all lanes by shuffling. So each
 * loaded float takes part in 32 products of A or ROWS products of B.
 *
 * Loads still are what costs: with the loads taken out this kernel runs at 70 GFLOP/s on a machine
 * where it runs at 25 with loads from buffers and at 44 with loads from textures. So the operands of
 * all but small products are copied to textures first, at 8 GB/s.
 *
 * @module
 */

import { address } from "./indexing.ts";
import {
  type AdapterTraits,
  ENTRY_PARAMETERS,
  foldWorkgroups,
  type Kernel,
  Params,
  textureInput,
  vectorInput,
  workgroupIndex,
} from "./kernel.ts";
import { batchAxes, type MatmulLaunch } from "./matmul.ts";

/** Columns of a tile: eight lanes with a vector of four each */
const COLUMNS = 32;

/** Products from which on copying the operands to textures pays */
const TEXTURE_FLOPS = 8e6;

const COMPONENTS = ["x", "y", "z", "w"] as const;

/** See the top of the file. Bindings: A, B, C */
export function shuffleMatmul(launch: MatmulLaunch, traits: AdapterTraits): Kernel {
  const { m, n, k, a, b } = launch;
  const batches = launch.batch.reduce((product, size) => product * size, 1);
  const columnTiles = Math.ceil(n / COLUMNS);
  const rows = chooseRows(m, columnTiles * batches);
  const rowTiles = Math.ceil(m / rows);
  const aligned = isAligned(launch);
  const flops = 2 * batches * m * n * k;
  const textures = aligned && traits.fastTextureLoads && flops >= TEXTURE_FLOPS;

  const params = new Params();
  const word = (value: number) => Params.read(params.u32(value));
  const M = word(m), N = word(n), K = word(k);
  const columnTilesWord = word(columnTiles), rowTilesWord = word(rowTiles);
  const aOffset = word(textures ? 0 : a.offset), aLeading = word(a.leading);
  const bOffset = word(textures ? 0 : b.offset), bLeading = word(b.leading);
  const total = word(batches * rowTiles * columnTiles);
  const cOffset = word(launch.c.offset);
  const assign = launch.c.add ? "+=" : "=";
  const aBatch = address("a_batch", "batch", batchAxes(launch, a), params);
  const bBatch = address("b_batch", "batch", batchAxes(launch, b), params);

  const type = aligned ? "vec4f" : "f32";
  const rowList = Array.from({ length: rows }, (_, row) => row);
  const groups = Array.from({ length: rows / 8 }, (_, group) => group);

  // Registers `a{group}{step}` hold, in lane l, what the lane's row (or, where A is transposed,
  // the lane's four rows) contributes; `a_at` says in which register, component and lane row r is.
  const loadA = a.transposed
    ? [0, 1, 2, 3].map((step) =>
      groups.filter((group) => group % 4 === 0).map((group) =>
        `let a${group}_${step} = four_of_a(a_base + (kk + ${step}u) * ${aLeading}, row0 + ${
          group * 8
        }u + lane * 4u, kk + ${step}u < ${K}, ${M});`
      ).join("\n    ")
    ).join("\n    ")
    : groups.map((group) =>
      `let a${group} = four_of_a(a_base + min(row0 + ${
        group * 8
      }u + lane, ${M} - 1u) * ${aLeading}, kk, true, ${K});`
    ).join("\n    ");
  const aValue = (row: number, step: number) =>
    a.transposed
      ? `subgroupShuffle(a${row >> 5 << 2}_${step}.${COMPONENTS[row & 3]}, ${(row & 31) >> 2}u)`
      : `subgroupShuffle(a${row >> 3}.${COMPONENTS[step]}, ${row & 7}u)`;

  const loadB = b.transposed
    ? [0, 1, 2, 3].map((c) =>
      `let t${c} = four_of_b(b_base + min(column + ${c}u, ${N} - 1u) * ${bLeading}, kk, true, ${K});`
    ).join("\n    ") + "\n    " +
      COMPONENTS.map((component, step) =>
        `let b${step} = vec4f(t0.${component}, t1.${component}, t2.${component}, t3.${component});`
      ).join("\n    ")
    : [0, 1, 2, 3].map((step) =>
      `let b${step} = four_of_b(b_base + (kk + ${step}u) * ${bLeading}, column, kk + ${step}u < ${K}, ${N});`
    ).join("\n    ");

  const multiply = rowList.map((row) =>
    `acc${row} += ` + [0, 1, 2, 3].map((step) => `${aValue(row, step)} * b${step}`).join(" + ") +
    ";"
  ).join("\n    ");
  const store = rowList.map((row) => `store(c_base, row0 + ${row}u, column, acc${row});`)
    .join("\n  ");

  const input = (name: string, binding: number) =>
    textures
      ? textureInput(name, binding)
      : aligned
      ? vectorInput(name, binding)
      : `@group(0) @binding(${binding}) var<storage, read> ${name}: array<f32>;`;
  const code = /* wgsl */ `${traits.subgroupPrelude}
${input("a", 0)}
${input("b", 1)}
@group(0) @binding(2) var<storage, read_write> matrix_c: array<${type}>;
${Params.declare(3, params.length)}
${loader("a", aligned, a.transposed)}
${loader("b", aligned, !b.transposed)}
fn store(base: u32, row: u32, column: u32, value: vec4f) {
  if (row >= ${M}) { return; }
  let at = base + row * ${N} + column;
  ${
    aligned
      ? `if (column < ${N}) { matrix_c[at / 4u] ${assign} value; }`
      : COMPONENTS.map((component, c) =>
        `if (column + ${c}u < ${N}) { matrix_c[at + ${c}u] ${assign} value.${component}; }`
      ).join("\n  ")
  }
}
@compute @workgroup_size(8)
fn main(${ENTRY_PARAMETERS}) {
  let tile = ${workgroupIndex};
  if (tile >= ${total}) { return; }
  let lane = lid.x;
  let column = (tile % ${columnTilesWord}) * ${COLUMNS}u + lane * 4u;
  let row0 = (tile / ${columnTilesWord} % ${rowTilesWord}) * ${rows}u;
  let batch = tile / ${columnTilesWord} / ${rowTilesWord};
  ${aBatch}
  ${bBatch}
  let a_base = a_batch + ${aOffset};
  let b_base = b_batch + ${bOffset};
  let c_base = batch * ${M} * ${N} + ${cOffset};
  ${rowList.map((row) => `var acc${row} = vec4f();`).join(" ")}
  var kk = 0u;
  while (kk < ${K}) {
    ${loadA}
    ${loadB}
    ${multiply}
    kk += 4u;
  }
  ${store}
}`;
  return {
    name: "matmul_shuffle",
    code,
    textures: textures ? 2 : 0,
    workgroups: foldWorkgroups(batches * rowTiles * columnTiles),
    flops,
    params: params.pack(),
  };
}

/** Rows of a tile: as many as leave enough tiles to keep the cores busy, and no more than needed */
function chooseRows(m: number, columnTiles: number): number {
  if (m <= 8) return 8;
  return Math.ceil(m / 32) * columnTiles >= 4 ? 32 : 8;
}

/** Whether every vector of four that is loaded or stored lies within a row and at a multiple of 4 */
function isAligned({ m, n, k, a, b, c }: MatmulLaunch): boolean {
  const numbers = [
    n,
    k,
    c.offset,
    a.offset,
    a.leading,
    ...a.batch,
    b.offset,
    b.leading,
    ...b.batch,
  ];
  return [...numbers, a.transposed ? m : 0].every((number) => number % 4 === 0);
}

/**
 * WGSL function that loads four neighbours `base + at` to `base + at + 3`. Where operands are not
 * aligned it loads one by one and puts zeros beyond `limit`; `inside` switches the whole load off.
 * Where they are aligned, K is a multiple of 4 and only a whole vector can be outside.
 */
function loader(matrix: string, aligned: boolean, guarded: boolean): string {
  const signature = `fn four_of_${matrix}(base: u32, at: u32, inside: bool, limit: u32) -> vec4f`;
  if (aligned) {
    // Beyond the last column or row the load may be of anything: the result is never stored.
    const clamped = guarded ? "min(at, limit - 4u)" : "at";
    return `${signature} { return load_${matrix}((base + ${clamped}) / 4u); }`;
  }
  return `${signature} {
  if (!inside) { return vec4f(); }
  return vec4f(${
    [0, 1, 2, 3].map((c) =>
      `select(0.0, ${matrix}[base + min(at + ${c}u, limit - 1u)], at + ${c}u < limit)`
    ).join(", ")
  });
}`;
}
