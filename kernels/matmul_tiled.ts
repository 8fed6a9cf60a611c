/**
 * Matrix product for GPUs: a workgroup computes a tile of C from tiles of A and B in workgroup
 * memory, an invocation four columns of four or eight rows. Transposes are undone while loading.
 * Tiles are of vectors of four, since a GPU's workgroup memory gives four neighbours as fast as one;
 * rows are padded so that neighbours fall into different memory banks.
 *
 * Larger tiles take part in more products for each element loaded, smaller ones give more workgroups
 * to share among the cores. README.md in this folder has the figures of each.
 *
 * **Subgroups.** Where all invocations of a subgroup compute the same rows, they need the same
 * numbers of A. Then a few lanes load them, a vector each, and hand them round by
 * `subgroupBroadcast`, which takes most loads of A from workgroup memory. It works with subgroups of
 * any size from 4 to 64 that the driver may choose; see `traits.tiling`.
 *
 * **Pairs.** Two products with the same A are computed side by side, as those of SwiGLU's gate are,
 * from one tile of A.
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
  TILING_NAMES,
  type TilingName,
  workgroupIndex,
} from "./kernel.ts";
import { batchAxes, type MatmulLaunch, type MatrixOperand } from "./matmul.ts";
import { isWide, NO_EPILOGUE, storeFunction, storeRowFunction } from "./matmul_epilogue.ts";

/** How a workgroup divides its tile; an invocation computes four columns of several rows */
interface Tiling {
  /** Invocations along the rows and columns of the tile */
  readonly invocations: readonly [down: number, across: number];
  /** Rows of an invocation */
  readonly each: 4 | 8;
  /** Lanes of a subgroup that load A for all of it; left out, everybody loads for himself */
  readonly lanes?: 4 | 8;
}

const TILINGS: Readonly<Record<Exclude<TilingName, "subgroups">, Tiling>> = {
  "32x32": { invocations: [8, 8], each: 4 },
  "64x32": { invocations: [16, 8], each: 4 },
  "64x64": { invocations: [16, 16], each: 4 },
  "128x64": { invocations: [16, 16], each: 8 },
};

/** A tile in workgroup memory: for each inner position a row of vectors of four */
interface Tile {
  /** Of the matrix that it is a part of */
  readonly name: string;
  /** WGSL that declares `{name}_base`, where the batch's matrix begins */
  readonly base: string;
  /** Elements between the matrix's rows, or columns where transposed */
  readonly leading: string;
  /** Whether the matrix is contiguous along the inner axis */
  readonly alongK: boolean;
  /** Vectors of four rows of A, or of four columns of B */
  readonly vectors: number;
  /** The tile's first row or column */
  readonly first: string;
  /** Rows or columns of the matrix */
  readonly edge: string;
}

/** Inner positions of the tiles of A and B, of which the largest is taken that there is room for */
const DEPTHS = [16, 8, 4] as const;

/** Bytes of workgroup memory that every adapter has */
const WORKGROUP_MEMORY = 16384;

/** Vectors added to each row of a tile */
const PADDING = 1;

/** Large tiles from which on a GPU is taken to be busy */
const ENOUGH_TILES = 32;

const COMPONENTS = ["x", "y", "z", "w"] as const;

/** The tiling that was asked for; otherwise large tiles unless there are too few of them */
function chooseTiling(
  { m, n, batches }: { m: number; n: number; batches: number },
  { tiling, subgroupSizes }: AdapterTraits,
): Tiling & { name: TilingName } {
  const shared = tiling === "subgroups" && subgroupTiling(subgroupSizes);
  if (shared) return { ...shared, name: "subgroups" };
  const large = Math.ceil(m / 64) * Math.ceil(n / 64) * batches >= ENOUGH_TILES;
  const name = tiling && tiling !== "subgroups" ? tiling : large ? "64x64" : "32x32";
  return { ...TILINGS[name], name };
}

/** All tilings that an adapter can have */
export function tilingsOf({ subgroupSizes }: AdapterTraits): readonly TilingName[] {
  return TILING_NAMES.filter((name) => name !== "subgroups" || subgroupTiling(subgroupSizes));
}

/** A tiling whose rows are as long as the largest subgroup, so that none reaches into the next */
function subgroupTiling([least, most]: AdapterTraits["subgroupSizes"]): Tiling | undefined {
  if (least < 4 || most > 64) return undefined;
  const across = Math.max(most, 16);
  // Eight lanes are enough: GPUs with larger subgroups run what llvmpipe, which has eight, tests.
  return { invocations: [Math.max(128 / across, 4), across], each: 8, lanes: least < 8 ? 4 : 8 };
}

/**
 * See the top of the file. Bindings: A, B, the second B, the epilogue's operands, C, its other outputs
 */
export function tiledMatmul(launch: MatmulLaunch, traits: AdapterTraits): Kernel {
  const { m, n, k, a, b, second, c, epilogue = NO_EPILOGUE } = launch;
  const batches = launch.batch.reduce((product, size) => product * size, 1);
  const { name, invocations: [down, across], each, lanes } = chooseTiling(
    { m, n, batches },
    traits,
  );
  const size = down * across, tileRows = down * each, tileColumns = across * 4;
  const rowTiles = Math.ceil(m / tileRows), columnTiles = Math.ceil(n / tileColumns);

  const params = new Params();
  const word = (value: number) => Params.read(params.u32(value));
  const M = word(m), N = word(n), K = word(k);
  const columnTilesWord = word(columnTiles), rowTilesWord = word(rowTiles);
  const total = word(batches * rowTiles * columnTiles);
  const tile = (name: string, operand: MatrixOperand, side: "rows" | "columns"): Tile => ({
    name,
    leading: word(operand.leading),
    alongK: operand.transposed === (side === "columns"),
    base: `${address(`${name}_batch`, "batch", batchAxes(launch, operand), params)}
  let ${name}_base = ${name}_batch + ${word(operand.offset)};`,
    ...(side === "rows"
      ? { vectors: tileRows / 4, first: "row0", edge: M }
      : { vectors: tileColumns / 4, first: "column0", edge: N }),
  });
  const tileA = tile("a", a, "rows");
  const tilesB = [tile("b", b, "columns"), ...(second ? [tile("b2", second, "columns")] : [])];
  const tiles = [tileA, ...tilesB];
  const products = second ? ["v", "w"] : ["v"];
  const bytes = tiles.reduce((sum, tile) => sum + 16 * strideOf(tile), 0);
  const depth = DEPTHS.find((depth) => depth * bytes < WORKGROUP_MEMORY)!;

  const wide = isWide(epilogue, { n, offset: c.offset });
  const store = storeFunction(params, {
    epilogue,
    binding: tiles.length,
    offset: c.offset,
    add: c.add,
    wide,
    products,
  });

  const rows = count(each), vectors = count(each / 4);
  // One position of the inner axis; `vectorOfA` says where four rows of A are.
  const step = (kk: string, vectorOfA: (i: number) => string) => {
    const multiply = tilesB.map((tile, i) =>
      [
        `let ${tile.name} = tile_${tile.name}[(${kk}) * ${strideOf(tile)}u + column / 4u];`,
        ...rows.map((row) =>
          `${products[i]}${row} += a${row >> 2}.${COMPONENTS[row & 3]} * ${tile.name};`
        ),
      ].join("\n      ")
    );
    return /* wgsl */ `{
      ${vectors.map((i) => `let a${i} = ${vectorOfA(i)};`).join(" ")}
      ${multiply.join("\n      ")}
    }`;
  };
  const at = (kk: string, i: string) => `tile_a[(${kk}) * ${strideOf(tileA)}u + row / 4u + ${i}]`;
  const perLoad = lanes ? lanes / vectors.length : 1;
  const multiply = lanes
    ? /* wgsl */ `
      let mine = ${at(`kk + lane % ${lanes}u / ${vectors.length}u`, `lane % ${vectors.length}u`)};
      ${
      count(perLoad).map((j) =>
        step(`kk + ${j}u`, (i) => `subgroupBroadcast(mine, ${j * vectors.length + i}u)`)
      ).join(" ")
    }`
    : step("kk", (i) => at("kk", `${i}u`));

  const code = /* wgsl */ `${lanes ? traits.subgroupPrelude : ""}
${
    tiles.map(({ name }, i) =>
      `@group(0) @binding(${i}) var<storage, read> matrix_${name}: array<f32>;`
    ).join("\n")
  }
${store.code}
${Params.declare(store.end, params.length)}
${params.variables()}
${storeRowFunction(store, { rows: M, columns: N, wide })}
${tiles.map(({ name }) => loadFunction(name)).join("\n")}
${
    tiles.map((tile) =>
      `var<workgroup> tile_${tile.name}: array<vec4f, ${depth * strideOf(tile)}>;`
    ).join("\n")
  }
${lanes ? "var<workgroup> numbered: atomic<u32>;" : ""}
@compute @workgroup_size(${size})
fn main(${ENTRY_PARAMETERS}${lanes ? LANE_PARAMETERS : ""}) {
  read_params();
  let number = ${workgroupIndex};
  if (number >= ${total}) { return; }
  ${lanes ? NUMBER_BY_SUBGROUP : "let t = lid.x;"}
  let row = t / ${across}u * ${each}u;
  let column = t % ${across}u * 4u;
  let column0 = (number % ${columnTilesWord}) * ${tileColumns}u;
  let row0 = (number / ${columnTilesWord} % ${rowTilesWord}) * ${tileRows}u;
  let batch = number / ${columnTilesWord} / ${rowTilesWord};
  ${tiles.map(({ base }) => base).join("\n  ")}
  ${products.flatMap((v) => rows.map((i) => `var ${v}${i} = vec4f();`)).join(" ")}
  var k0 = 0u;
  while (k0 < ${K}) {
    ${tiles.map((tile) => loadTile(tile, { depth, size, K })).join("\n    ")}
    workgroupBarrier();
    for (var kk = 0u; kk < ${depth}u; kk += ${perLoad}u) {${multiply}}
    workgroupBarrier();
    k0 += ${depth}u;
  }
  let c_base = batch * ${M} * ${N};
  ${store.loadColumns("column0 + column", 4)}
  ${
    rows.map((i) =>
      `store_row(c_base, row0 + row + ${i}u, column0 + column, ${
        store.values.map((name) => products.includes(name) ? `${name}${i}` : name).join(", ")
      });`
    ).join("\n  ")
  }
}`;
  return {
    name: `matmul_${second ? "pair" : "tiled"}_${name}${epilogue.name}`,
    code,
    workgroups: foldWorkgroups(batches * rowTiles * columnTiles),
    flops: 2 * batches * m * n * k * products.length,
    params: params.pack(),
  };
}

const LANE_PARAMETERS =
  ", @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) lanes: u32";

/**
 * Counts invocations subgroup by subgroup. WGSL leaves open which invocations share a subgroup:
 * this holds however they are dealt out, and results do not depend on it.
 */
const NUMBER_BY_SUBGROUP = /* wgsl */ `var begin = 0u;
  if (lane == 0u) { begin = atomicAdd(&numbered, lanes); }
  let t = subgroupBroadcastFirst(begin) + lane;`;

/** Vectors from one inner position of a tile to the next */
function strideOf({ vectors }: Tile): number {
  return vectors + PADDING;
}

/** WGSL function that loads an element, or gives 0 for one that is outside of its matrix */
function loadFunction(matrix: string): string {
  return /* wgsl */ `fn load_${matrix}(at: u32, inside: bool) -> f32 {
  let value = matrix_${matrix}[select(0u, at, inside)];
  return select(0.0, value, inside);
}`;
}

/**
 * WGSL that fills a tile for `depth` inner positions, `size` invocations together. Neighbouring
 * invocations load neighbouring addresses: along the inner axis where it is contiguous.
 */
function loadTile(
  tile: Tile,
  { depth, size, K }: { depth: number; size: number; K: string },
): string {
  const { name, vectors, alongK, leading, first, edge } = tile;
  const total = depth * vectors;
  const inner = alongK ? depth : vectors;
  const [kk, vector] = alongK ? ["fast", "slow"] : ["slow", "fast"];
  const start = alongK ? `other * ${leading} + k0 + ${kk}` : `(k0 + ${kk}) * ${leading} + other`;
  const elements = count(4).map((j) => {
    const at = alongK ? `at + ${j}u * ${leading}` : `at + ${j}u`;
    return `load_${name}(${at}, inside && other + ${j}u < ${edge})`;
  });
  return count(Math.ceil(total / size)).map((i) => {
    const isWhole = (i + 1) * size <= total;
    return /* wgsl */ `${isWhole ? "" : `if (t < ${total - i * size}u) `}{
      let slow = (t + ${i * size}u) / ${inner}u;
      let fast = (t + ${i * size}u) % ${inner}u;
      let other = ${first} + ${vector} * 4u;
      let inside = k0 + ${kk} < ${K};
      let at = ${name}_base + ${start};
      tile_${name}[${kk} * ${strideOf(tile)}u + ${vector}] = vec4f(${elements.join(", ")});
    }`;
  }).join("\n    ");
}

/** The numbers from 0 */
function count(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
