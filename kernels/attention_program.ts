/**
 * The building blocks of the attention kernels. All of them are made of two products over tiles
 * whose scores never touch memory:
 *
 * - A workgroup *holds* the rows of one tile (of queries, or of keys). Each lane keeps up to four
 *   rows in registers, transposed: `q0` to `q{D-1}` are vectors over the lane's rows.
 * - It *streams* the rows of the other side past them, a few at a time. {@link AttentionProgram.dot}
 *   multiplies a streamed row with all held rows; {@link AttentionProgram.mix} adds the streamed
 *   rows, weighted, to accumulators that lie as the held rows do.
 *
 * So sums stay within a lane, and only streamed rows travel: on subgroups of eight the lanes load
 * them together and hand them round by `subgroupShuffle` from constant lanes; elsewhere they lie in
 * workgroup memory, where all lanes read the same address at once.
 *
 * On subgroups, a streamed float takes part in 32 products for each use, of which there are 2 in the
 * forward kernel, 3 in the query gradient and 4 in the key and value gradients (head sizes up to
 * 32). GPUs keep 2, 3 and 4 times D floats in the registers of an invocation: beyond a head size of
 * 64 they begin to spill.
 *
 * llvmpipe silently ends loops after 65,535 rounds, which allows for 131,000 positions.
 *
 * @module
 */

import { type AttentionShape, isAligned, type RowsOperand } from "./attention_shape.ts";
import { address } from "./indexing.ts";
import {
  type AdapterTraits,
  ENTRY_PARAMETERS,
  foldWorkgroups,
  type Kernel,
  Params,
  textureInput,
  workgroupIndex,
} from "./kernel.ts";

/** Work from which on copying the inputs to textures pays, where those are fast */
const TEXTURE_FLOPS = 8e6;

/** Vectors of four that the streamed tiles may take of workgroup memory: 16 KiB */
const TILE_VECTORS = 1024;

const COMPONENTS = ["x", "y", "z", "w"] as const;

/** Who is held, and how the kernel's matrices lie */
export interface ProgramOptions {
  readonly held: "queries" | "keys";
  /** Matrices in the order of their bindings */
  readonly matrices: Readonly<Record<string, { operand: RowsOperand; output?: boolean }>>;
  /** Multiplications and additions for each pair of a query and a key and each column */
  readonly products: number;
  readonly traits: AdapterTraits;
}

/** Assembles one kernel; see the top of the file */
export class AttentionProgram {
  /** Numbers 0 to D - 1, to write code for each column of the head */
  readonly columns: readonly number[];
  /** Numbers of the rows that are streamed together, to write code for each */
  readonly steps: readonly number[];
  /** The scores' factor as a WGSL expression */
  readonly scale: string;
  readonly #shape: AttentionShape;
  readonly #held: "queries" | "keys";
  readonly #params = new Params();
  readonly #lanes: number;
  /** Rows that each lane holds */
  readonly #width: 1 | 2 | 4;
  /** Whether rows can be read and written by vectors of four */
  readonly #aligned: boolean;
  /** Whether inputs are copied to textures, from which they are read */
  readonly #textures: boolean;
  readonly #flops: number;
  readonly #prelude: string;
  readonly #shuffles: boolean;
  /** Numbers of the vectors of four columns that make up a row; the last may be cut short */
  readonly #chunks: readonly number[];
  readonly #queries: string;
  readonly #keys: string;
  readonly #declarations: string[] = [];
  readonly #addresses: string[] = [];
  readonly #inputs: { name: string; type: string }[] = [];
  readonly #outputs: { name: string; type: string }[] = [];

  constructor(shape: AttentionShape, { held, matrices, products, traits }: ProgramOptions) {
    const { headSize, mask } = shape;
    this.#shape = shape;
    this.#held = held;
    this.#shuffles = traits.subgroupSize === 8;
    this.#prelude = this.#shuffles ? traits.subgroupPrelude : "";
    this.#lanes = this.#shuffles ? 8 : 64;
    // Code is unrolled over the head: the wider it is, the narrower the vectors must be.
    this.#width = !this.#shuffles || headSize > 64 ? 1 : headSize > 32 ? 2 : 4;
    this.#chunks = Array.from({ length: Math.ceil(headSize / 4) }, (_, chunk) => chunk);
    // With subgroups, few rows at a time keep the code short; but no lane should load in vain.
    const rows = !this.#shuffles
      ? 4
      : Math.max(2, 8 / 2 ** Math.floor(Math.log2(this.#chunks.length)));
    this.steps = Array.from({ length: rows }, (_, j) => j);
    this.#aligned = isAligned(shape, Object.values(matrices).map(({ operand }) => operand));
    this.#flops = 2 * products * headSize * shape.queries * shape.keys *
      shape.batch.reduce((product, size) => product * size, 1) / (shape.causal ? 2 : 1);
    this.#textures = this.#aligned && traits.fastTextureLoads && this.#flops >= TEXTURE_FLOPS;
    this.columns = Array.from({ length: headSize }, (_, d) => d);
    this.scale = Params.readFloat(this.#params.f32(shape.scale));
    this.#queries = this.#word(shape.queries);
    this.#keys = this.#word(shape.keys);
    for (const [name, { operand, output = false }] of Object.entries(matrices)) {
      const isTexture = this.#textures && !output;
      this.#place(name, isTexture ? { ...operand, offset: 0 } : operand);
      this.bind(name, isTexture ? "texture" : this.#aligned ? "vec4f" : "f32", output);
      if (!output) this.#declarations.push(this.#loader(name));
    }
    if (mask) {
      this.#place("mask", mask);
      this.bind("mask", "i32");
    }
  }

  /** Declares the next storage buffer; outputs are bound behind all inputs */
  bind(name: string, type: string, output = false): void {
    (output ? this.#outputs : this.#inputs).push({ name, type });
  }

  /** Declares `{prefix}0`, `{prefix}1` … for each column, all zero */
  zeros(prefix: string): string {
    return this.columns.map((d) => `var ${prefix}${d} = V();`).join(" ");
  }

  /** Loads the lane's rows of a matrix as `{prefix}0` … `{prefix}{D-1}` */
  hold(matrix: string, prefix: string): string {
    return `${this.zeros(prefix)}
  ${
      this.#eachHeld(
        `let at = ${matrix}_base + min(held, ${this.#heldLength} - 1u) * ${matrix}_row;
    ` + this.#chunks.map((chunk) =>
            `{ let r = columns_of_${matrix}(at, ${chunk * 4}u); ${
              this.#columnsOf(chunk).map((d) =>
                `${prefix}${d} = ${this.#shifted(prefix + d, `r.${COMPONENTS[d & 3]}`)};`
              ).join(" ")
            } }`
          ).join("\n    "),
      )
    }`;
  }

  /** Loads the streamed rows of matrices that {@link dot} and {@link mix} then name */
  stream(...matrices: readonly string[]): string {
    const rows = this.steps.length, chunks = this.#chunks.length;
    const last = `${this.#streamedLength} - 1u`;
    if (this.#shuffles) {
      // Lanes j, j + rows … share row j: each takes every `parts`-th chunk of it. Where the last
      // chunks are missing, what is loaded instead is not used.
      const parts = 8 / rows;
      return matrices.map((name) =>
        `let ${name}_at = ${name}_base + min(row + lane % ${rows}u, ${last}) * ${name}_row;\n    ` +
        this.#chunks.filter((chunk) => chunk % parts === 0).map((chunk) =>
          `let ${name}_${chunk} = columns_of_${name}(${name}_at, (${chunk}u + lane / ${rows}u) * 4u);`
        ).join(" ")
      ).join("\n    ");
    }
    const tile = Math.min(32, 2 ** Math.floor(Math.log2(TILE_VECTORS / matrices.length / chunks)));
    for (const name of matrices) {
      this.#declarations.push(`var<workgroup> tile_${name}: array<vec4f, ${tile * chunks}>;`);
    }
    return `let tile_row = (row - start) % ${tile}u;
    if (tile_row == 0u) {
      workgroupBarrier();
      for (var i = lane; i < ${tile * chunks}u; i += ${this.#lanes}u) {
        let at = min(row + i / ${chunks}u, ${last});
        let column = i % ${chunks}u * 4u;
        ${
      matrices.map((name) =>
        `tile_${name}[i] = columns_of_${name}(${name}_base + at * ${name}_row, column);`
      ).join("\n        ")
    }
      }
      workgroupBarrier();
    }`;
  }

  /** Declares `name`, the products of streamed row `j` with the lane's rows `{prefix}…` */
  dot(name: string, j: number, matrix: string, prefix: string): string {
    return `var ${name} = V();\n    ` +
      this.#chunks.map((chunk) =>
        `{ let r = ${this.#streamed(matrix, chunk, j)}; ${name} += ${
          this.#columnsOf(chunk).map((d) => `r.${COMPONENTS[d & 3]} * ${prefix}${d}`).join(" + ")
        }; }`
      ).join("\n    ");
  }

  /** Adds the streamed rows to `{prefix}…`, row `j` with the weights `{weights}{j}` */
  mix(prefix: string, matrix: string, weights: string, decay = ""): string {
    return this.#chunks.map((chunk) =>
      `{ ${
        this.steps.map((j) => `let r${j} = ${this.#streamed(matrix, chunk, j)};`).join(" ")
      }\n    ` +
      this.#columnsOf(chunk).map((d) => {
        const sum = this.steps.map((j) => `r${j}.${COMPONENTS[d & 3]} * ${weights}${j}`).join(
          " + ",
        );
        return `${prefix}${d} = ${prefix}${d}${decay} + (${sum});`;
      }).join("\n    ") + " }"
    ).join("\n    ");
  }

  /** Writes `{prefix}… * factor`, a vector `V`, to the lane's rows of a matrix */
  store(matrix: string, prefix: string, factor: string): string {
    const columns = this.columns.map((d) => `${prefix}${d}`);
    const value = (column: string) => this.#first(column);
    const writes = this.#aligned
      ? this.#chunks.map((chunk) =>
        `${matrix}[at / 4u + ${chunk}u] = vec4f(${
          this.#columnsOf(chunk).map((d) => value(prefix + d)).join(", ")
        });`
      )
      : columns.map((column, d) => `${matrix}[at + ${d}u] = ${value(column)};`);
    return `${columns.map((column) => `${column} *= ${factor};`).join(" ")}
  ${
      this.#eachHeld(`if (held < ${this.#heldLength}) {
      let at = ${matrix}_base + held * ${matrix}_row;
      ${writes.join("\n      ")}
    }
    ${
        columns.map((column) => `${column} = ${this.#shifted(column, value(column))};`)
          .join(" ")
      }`)
    }`;
  }

  /** Writes the vector `value` to the lane's places of a buffer over all queries */
  storeScalar(buffer: string, value: string): string {
    return this.#widthList.map((w) =>
      `if (first + lane * ${this.#width}u + ${w}u < ${this.#queries}) { ${buffer}[batch * ${this.#queries} + first + lane * ${this.#width}u + ${w}u] = ${
        this.#width === 1 ? value : `${value}.${COMPONENTS[w]}`
      }; }`
    ).join("\n  ");
  }

  /** Vector over the lane's queries of a component of a buffer over all queries */
  heldScalar(buffer: string, component: string): string {
    const at = (w: number) =>
      `${buffer}[batch * ${this.#queries} + min(first + lane * ${this.#width}u + ${w}u, ${this.#queries} - 1u)]`;
    return `V(${this.#widthList.map((w) => `${at(w)}.${component}`).join(", ")})`;
  }

  /** Declares `{name}0`, `{name}1` …, the streamed queries' elements of a buffer over all queries */
  streamScalars(name: string, buffer: string): string {
    const at = (j: string) =>
      `${buffer}[batch * ${this.#queries} + min(row + ${j}, ${this.#queries} - 1u)]`;
    return this.#shuffles
      ? `let ${name} = ${at(`lane % ${this.steps.length}u`)}; ` +
        this.steps.map((j) => `let ${name}${j} = subgroupShuffle(${name}, ${j}u);`).join(" ")
      : this.steps.map((j) => `let ${name}${j} = ${at(`${j}u`)};`).join(" ");
  }

  /** Which of the lane's rows the streamed row `j` may meet, as a vector of booleans */
  visible(j: number): string {
    const { causal, mask } = this.#shape;
    const row = `i32(row + ${j}u)`;
    // Streamed rows beyond the end count as hidden; what held rows beyond the end give is dropped.
    const inside = this.#held === "queries"
      ? `VI(${row}) <= reach`
      : `mine <= VI(select(-1, ${
        causal ? `${row} + ahead` : "0x7fffffff"
      }, ${row} < i32(${this.#queries})))`;
    if (!mask) return inside;
    const flag = (w: number) => {
      const held = `first + lane * ${this.#width}u + ${w}u`, streamed = `row + ${j}u`;
      const [query, key] = this.#held === "queries" ? [held, streamed] : [streamed, held];
      return `mask[mask_base + min(${query}, ${this.#queries} - 1u) * mask_row + min(${key}, ${this.#keys} - 1u) * mask_column] != 0`;
    };
    return `(${inside}) & VB(${this.#widthList.map(flag).join(", ")})`;
  }

  /**
   * The finished kernel. In scope of `before`, `step` and `after`: `lane`, `batch`, `first` (the
   * tile's first row), `mine` (positions of the lane's rows), `ahead` (keys - queries); in `step`
   * also `row`, the first streamed row, and `start`, the first of them all.
   */
  kernel(name: string, parts: { before: string; step: string; after: string }): Kernel {
    const { batch, queries, keys, causal, mask } = this.#shape;
    const batches = batch.reduce((product, size) => product * size, 1);
    const heldRows = this.#lanes * this.#width;
    const tiles = Math.ceil((this.#held === "queries" ? queries : keys) / heldRows);
    const tilesWord = this.#word(tiles), total = this.#word(tiles * batches);
    const column = mask ? `let mask_column = ${this.#word(mask.column)};` : "";
    const bindings = [...this.#inputs, ...this.#outputs].map(({ name, type }, binding) => {
      if (type === "texture") return textureInput(name, binding);
      const access = binding < this.#inputs.length ? "read" : "read_write";
      return `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${type}>;`;
    });
    const vector = (type: string) => this.#width === 1 ? type : `vec${this.#width}<${type}>`;
    const holdsQueries = this.#held === "queries";
    const start = !holdsQueries && causal ? "u32(max(i32(first) - ahead, 0))" : "0u";
    const end = holdsQueries && causal
      ? `u32(clamp(i32(first + ${heldRows}u) + ahead, 0, i32(${this.#keys})))`
      : this.#streamedLength;
    const code = /* wgsl */ `${this.#prelude}
alias V = ${vector("f32")};
alias VI = ${vector("i32")};
alias VB = ${vector("bool")};
${bindings.join("\n")}
${this.#declarations.join("\n")}
${Params.declare(bindings.length, this.#params.length)}
@compute @workgroup_size(${this.#lanes})
fn main(${ENTRY_PARAMETERS}) {
  let number = ${workgroupIndex};
  if (number >= ${total}) { return; }
  let lane = lid.x;
  let batch = number / ${tilesWord};
  let place = number % ${tilesWord};
  // Causal tiles differ in work, and some adapters give each core a fixed share of neighbours.
  let tile = ${
      causal ? `select(place / 2u, ${tilesWord} - 1u - place / 2u, place % 2u == 1u)` : "place"
    };
  let first = tile * ${heldRows}u;
  let ahead = i32(${this.#keys}) - i32(${this.#queries});
  let mine = VI(i32(first + lane * ${this.#width}u)) + VI(${this.#widthList.join(", ")});
  ${
      holdsQueries
        ? `let reach = min(${
          causal ? "mine + VI(ahead)" : "VI(0x7fffffff)"
        }, VI(i32(${this.#keys}) - 1));`
        : ""
    }
  ${this.#addresses.join("\n  ")}
  ${column}
  ${parts.before}
  let start = ${start};
  var row = start;
  let end = ${end};
  while (row < end) {
    ${parts.step}
    row += ${this.steps.length}u;
  }
  ${parts.after}
}`;
    return {
      name,
      code,
      textures: this.#textures ? this.#inputs.filter(({ type }) => type === "texture").length : 0,
      workgroups: foldWorkgroups(tiles * batches),
      flops: this.#flops,
      params: this.#params.pack(),
    };
  }

  get #widthList(): number[] {
    return [0, 1, 2, 3].slice(0, this.#width);
  }

  #columnsOf(chunk: number): readonly number[] {
    return this.columns.slice(chunk * 4, chunk * 4 + 4);
  }

  get #heldLength(): string {
    return this.#held === "queries" ? this.#queries : this.#keys;
  }

  get #streamedLength(): string {
    return this.#held === "queries" ? this.#keys : this.#queries;
  }

  /** A number in the uniform block */
  #word(value: number): string {
    return Params.read(this.#params.u32(value));
  }

  /**
   * WGSL loop over the lane's rows, whose positions are called `held`. As registers cannot be
   * chosen at run time, the body works on the first component of vectors and {@link #shifted} them.
   */
  #eachHeld(body: string): string {
    return `for (var w = 0u; w < ${this.#word(this.#width)}; w++) {
    let held = first + lane * ${this.#width}u + w;
    ${body}
  }`;
  }

  /** The vector without its first component and with `value` behind the last one */
  #shifted(vector: string, value: string): string {
    return this.#width === 1 ? value : `V(${vector}.${"yzw".slice(0, this.#width - 1)}, ${value})`;
  }

  #first(vector: string): string {
    return this.#width === 1 ? vector : `${vector}.x`;
  }

  /** Four columns of streamed row `j` */
  #streamed(matrix: string, chunk: number, j: number): string {
    if (!this.#shuffles) {
      return `tile_${matrix}[(tile_row + ${j}u) * ${this.#chunks.length}u + ${chunk}u]`;
    }
    const rows = this.steps.length, part = chunk % (8 / rows);
    return `subgroupShuffle(${matrix}_${chunk - part}, ${rows * part + j}u)`;
  }

  /** Computes where the batch's rows start */
  #place(name: string, { offset, row, batch }: RowsOperand): void {
    const axes = this.#shape.batch.map((size, axis) => ({ size, stride: batch[axis]! }));
    this.#addresses.push(
      `${address(`${name}_batch`, "batch", axes, this.#params)}
  let ${name}_base = ${name}_batch + ${this.#word(offset)}; let ${name}_row = ${this.#word(row)};`,
    );
  }

  /** WGSL function that loads columns `d` to `d + 3` of the row at `row`, zeros beyond the head */
  #loader(name: string): string {
    const { headSize } = this.#shape;
    const body = this.#textures
      ? `return load_${name}((row + d) / 4u);`
      : this.#aligned
      ? `return ${name}[(row + d) / 4u];`
      : `return vec4f(${
        [0, 1, 2, 3].map((c) =>
          `select(0.0, ${name}[row + min(d + ${c}u, ${headSize - 1}u)], d + ${c}u < ${headSize}u)`
        ).join(", ")
      });`;
    return `fn columns_of_${name}(row: u32, d: u32) -> vec4f { ${body} }`;
  }
}
