/**
 * Matrix product for subgroups of eight lanes, made for CPUs that pretend to be GPUs. There a lane
 * is a lane of a vector register, loads are dear and a shuffle from a fixed lane is one instruction.
 *
 * A workgroup is one subgroup and computes ROWS × 32 results. Lane `l` keeps four neighbouring
 * columns for every row. For four steps of k at a time it loads the four matching vectors of B, and
 * one vector of A for each eight rows; a row of A then reaches all lanes by shuffling. So each
 * loaded float takes part in 32 products of A or ROWS products of B.
 *
 * Loads still are what costs: from buffers they would halve the speed. So the operands of all but
 * small products are copied to textures first, at 8 GB/s. Loads are always of vectors: four numbers
 * that do not start at a multiple of four are put together from two. README.md in this folder tells
 * what else the code owes to the compiler of such adapters.
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
import { batchAxes, type MatmulLaunch, type MatrixOperand } from "./matmul.ts";
import { isWide, NO_EPILOGUE, storeFunction, storeRowFunction } from "./matmul_epilogue.ts";

/**
 * Inner positions of a round of the loop, in vectors of four. Whatever changes in a loop is blended
 * by a mask of the lanes that still run in it, which costs three instructions for each of the 128
 * registers that hold results: one round for eight positions halves that. Twice as much again is
 * more code than a core can keep decoded.
 */
const VECTORS_A_ROUND = 2;

/** Columns of a tile: eight lanes with a vector of four each */
const COLUMNS = 32;

/** Products from which on copying the operands to textures pays */
const TEXTURE_FLOPS = 8e6;

const COMPONENTS = ["x", "y", "z", "w"] as const;

/** See the top of the file. Bindings: A, B, the epilogue's operands, C, its other outputs, sums of rows */
export function shuffleMatmul(launch: MatmulLaunch, traits: AdapterTraits): Kernel {
  const { m, n, k, a, b, c, epilogue = NO_EPILOGUE, rowSums = false } = launch;
  const batches = launch.batch.reduce((product, size) => product * size, 1);
  const columnTiles = Math.ceil(n / COLUMNS);
  const rows = chooseRows(m, columnTiles * batches);
  const rowTiles = Math.ceil(m / rows);
  const flops = 2 * batches * m * n * k;
  const textures = traits.fastTextureLoads && flops >= TEXTURE_FLOPS;

  const params = new Params();
  const word = (value: number) => Params.read(params.u32(value));
  const M = params.variable(m), N = params.variable(n);
  const K = word(k), columnTilesWord = word(columnTiles), rowTilesWord = word(rowTiles);
  // A texture starts at the vector that holds the operand's first element.
  const [aOffset, bOffset] = [a, b].map(({ offset }) => word(textures ? offset % 4 : offset));
  const total = word(batches * rowTiles * columnTiles);
  const aBatch = address("a_batch", "batch", batchAxes(launch, a), params);
  const bBatch = address("b_batch", "batch", batchAxes(launch, b), params);
  const wide = isWide(epilogue, { n, offset: c.offset });
  const store = storeFunction(params, { epilogue, binding: 2, offset: c.offset, add: c.add, wide });

  const rowList = Array.from({ length: rows }, (_, row) => row);
  const groups = Array.from({ length: rows / 8 }, (_, group) => group);
  const steps = [0, 1, 2, 3];
  // Beyond K there must be zeros; beyond the last row or column anything will do, since results there
  // are never stored.
  const isWhole = k % (4 * VECTORS_A_ROUND) === 0;
  const alongK = (load: string) => isWhole ? load : `before_end(${load}, at, end)`;
  const atStep = (load: string, step: number) =>
    isWhole ? load : `select(vec4f(), ${load}, at + ${step}u < end)`;

  const fromA = new Loads("a", a, { alongK: !a.transposed, leading: params.variable(a.leading) });
  const fromB = new Loads("b", b, { alongK: b.transposed, leading: params.variable(b.leading) });

  // Registers `a{group}` or `a{group}_{step}` hold, in lane l, what the lane's row (or, where A is
  // transposed, the lane's four rows) contributes; `aValue` says where the value of a row is.
  const loadA = a.transposed
    ? steps.flatMap((step) =>
      groups.filter((group) => group % 4 === 0).map((group) => {
        const load = fromA.at(`${step}u * ${fromA.leading} + row0 + ${group * 8}u + lane * 4u`);
        return `let a${group}_${step} = ${atStep(load, step)};`;
      })
    )
    : groups.map((group) => {
      const load = fromA.at(`(row0 + ${group * 8}u + lane) * ${fromA.leading}`);
      return `let a${group} = ${alongK(load)};`;
    });
  const aValue = (row: number, step: number) =>
    a.transposed
      ? `subgroupShuffle(a${row >> 5 << 2}_${step}.${COMPONENTS[row & 3]}, ${(row & 31) >> 2}u)`
      : `subgroupShuffle(a${row >> 3}.${COMPONENTS[step]}, ${row & 7}u)`;

  const loadB = b.transposed
    ? [
      ...steps.map((c) =>
        `let t${c} = ${alongK(fromB.at(`(column + ${c}u) * ${fromB.leading}`))};`
      ),
      ...COMPONENTS.map((x, step) => `let b${step} = vec4f(t0.${x}, t1.${x}, t2.${x}, t3.${x});`),
    ]
    : steps.map((step) => {
      const load = fromB.at(`${step}u * ${fromB.leading} + column`);
      return `let b${step} = ${atStep(load, step)};`;
    });

  const multiply = rowList.map((row) =>
    `acc${row} += ${steps.map((step) => `${aValue(row, step)} * b${step}`).join(" + ")};`
  );
  const addRows = rowSums ? ["row_sums += (a0_0 + a0_1) + (a0_2 + a0_3);"] : [];
  const vectorAlongK = (number: number) =>
    /* wgsl */ `{
      let at = kk + ${4 * number}u;
      ${[fromA.along, fromB.along, ...loadA, ...loadB, ...addRows, ...multiply].join("\n      ")}
    }`;
  const storeRow = (row: number) =>
    `store_row(c_base, row0 + ${row}u, column, ${
      store.values.map((name) => name === "v" ? `acc${row}` : name).join(", ")
    });`;
  const storeRowSums = ["x", "y", "z", "w"].map((x, i) =>
    `if (lane * 4u + ${i}u < min(${rows}u, ${M} - row0)) { sums[batch * ${M} + row0 + lane * 4u + ${i}u] = row_sums.${x}; }`
  );
  const input = textures ? textureInput : vectorInput;
  const code = /* wgsl */ `${traits.subgroupPrelude}
${input("a", 0)}
${input("b", 1)}
${store.code}
${rowSums ? `@group(0) @binding(${store.end}) var<storage, read_write> sums: array<f32>;` : ""}
${Params.declare(store.end + (rowSums ? 1 : 0), params.length)}
${params.variables()}
${fourOf("a", fromA.unit === 4)}
${fourOf("b", fromB.unit === 4)}
fn before_end(v: vec4f, at: u32, end: u32) -> vec4f {
  return select(vec4f(), v, vec4u(at, at + 1u, at + 2u, at + 3u) < vec4u(end));
}
${storeRowFunction(store, { rows: M, columns: N, wide })}
@compute @workgroup_size(8)
fn main(${ENTRY_PARAMETERS}) {
  read_params();
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
  let c_base = batch * ${M} * ${N};
  ${[...fromA.starts, ...fromB.starts].join("\n  ")}
  ${rowList.map((row) => `var acc${row} = vec4f();`).join(" ")}
  ${rowSums ? "var row_sums = vec4f();" : ""}
  // What a loop with shuffles ends by must be known to be the same for all lanes: no variable.
  let end = ${K};
  var kk = 0u;
  while (kk < end) {
    ${Array.from({ length: VECTORS_A_ROUND }, (_, number) => vectorAlongK(number)).join(" ")}
    kk += ${4 * VECTORS_A_ROUND}u;
  }
  ${store.loadColumns("column", 4)}
  ${rowList.map(storeRow).join("\n  ")}
  ${rowSums ? `if (column < ${COLUMNS}u) { ${storeRowSums.join(" ")} }` : ""}
}`;
  return {
    name: `matmul_shuffle${epilogue.name}${rowSums ? "_and_sums" : ""}`,
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

/** Whether every vector of four that is loaded starts at a multiple of four */
function isAligned({ offset, leading, batch }: MatrixOperand): boolean {
  return [offset, leading, ...batch].every((number) => number % 4 === 0);
}

/**
 * The loads of an operand in the loop along K. Compilers of software adapters hoist nothing out of
 * loops, so each address is where a load starts, computed before the loop, plus how far the loop has
 * come. Both count vectors of four where the operand is aligned, and elements where it is not.
 */
class Loads {
  /** Variables that hold where each load starts, to be declared before the loop */
  readonly starts: string[] = [];
  /** Variable that holds the distance between rows, or columns where transposed */
  readonly leading: string;
  /** Elements that addresses count in */
  readonly unit: 1 | 4;
  /** Declares how far the loop has come at inner position `at` */
  readonly along: string;
  readonly #name: string;

  constructor(
    name: "a" | "b",
    operand: MatrixOperand,
    { alongK, leading }: { alongK: boolean; leading: string },
  ) {
    this.#name = name;
    this.leading = leading;
    this.unit = isAligned(operand) ? 4 : 1;
    this.along = `let along_${name} = ${alongK ? "at" : `at * ${leading}`} / ${this.unit}u;`;
  }

  /** Loads the four neighbours that start so many elements behind the operand's first, and along K */
  at(start: string): string {
    const variable = `${this.#name}_start${this.starts.length}`;
    this.starts.push(`let ${variable} = (${this.#name}_base + ${start}) / ${this.unit}u;`);
    return `four_of_${this.#name}(${variable} + along_${this.#name})`;
  }
}

/** WGSL function that loads the four neighbours that start at `at`, which counts vectors if aligned */
function fourOf(matrix: string, aligned: boolean): string {
  const body = aligned ? `return load_${matrix}(at);` : `
  let low = load_${matrix}(at / 4u);
  let high = load_${matrix}(at / 4u + 1u);
  let odd = (at & 1u) == 1u;
  let x = select(low, vec4f(low.yzw, high.x), odd);
  let y = select(high.xy, high.yz, odd);
  return select(x, vec4f(x.zw, y), (at & 2u) == 2u);
`;
  return `fn four_of_${matrix}(at: u32) -> vec4f { ${body} }`;
}
