/**
 * Kernels over the rows of a matrix: a group of lanes shares a row, each lane takes every
 * so-manieth vector of it, and the lanes add up what they found. With subgroups of eight the lanes
 * talk by shuffling, elsewhere through workgroup memory.
 *
 * @module
 */

import {
  type AdapterTraits,
  ENTRY_PARAMETERS,
  foldWorkgroups,
  type Kernel,
  Params,
  storageBuffers,
  workgroupIndex,
} from "./kernel.ts";
import { mathsFor } from "./maths.ts";

/** A loop written with {@link forEach} */
const EACH = /@each\{(.*?)\}@/gs;

/** One storage buffer of a row kernel */
export interface RowBuffer {
  readonly name: string;
  /** `row`: the matrix itself, by vectors; otherwise plain elements of that type */
  readonly type: "row" | "f32" | "i32";
}

/** A kernel over rows */
export interface RowProgram {
  readonly name: string;
  readonly rows: number;
  /** Elements of a row */
  readonly length: number;
  readonly inputs: readonly RowBuffer[];
  readonly outputs: readonly RowBuffer[];
  /** Floats read as `scalar(0)` and so on */
  readonly scalars?: readonly number[];
  /**
   * WGSL of one row. In scope: `row` (u32), `first` and `last` (the row's vectors in a buffer of
   * type `row`), `lane`, `LANES`, `row_sum(x)` and `row_max(x)` over the lanes, `total(v)` and
   * `greatest(v)` over a vector `V`, and `each(...)` loops written with {@link forEach}.
   */
  readonly body: string;
  /** WGSL functions of the program */
  readonly functions?: string;
}

/** Most vectors of a row that a lane holds in registers, for each input */
const MAX_HELD = 8;

/**
 * Rows that a group of lanes takes one after the other on software adapters, where there are enough
 * of them: what all rows share, such as a norm's weight, is loaded once for all
 */
const ROWS_IN_TURN = 16;

/** Groups of lanes that keep a software adapter's cores busy */
const ENOUGH_GROUPS = 128;

/** WGSL loop of a lane over its vectors of the row; `i` is the vector's place in the buffer */
export function forEach(body: string): string {
  return `@each{${body}}@`;
}

/** The kernel of a row program. Bindings: inputs, then outputs */
export function rowKernel(program: RowProgram, traits: AdapterTraits): Kernel {
  const { rows, length, inputs, outputs, scalars = [] } = program;
  const shuffles = traits.subgroupSize === 8;
  const lanes = shuffles ? 8 : 64;
  const wide = length % 4 === 0;
  const type = wide ? "vec4f" : "f32";
  const vectors = wide ? length / 4 : length;

  const holds = vectors <= lanes * MAX_HELD;
  // Loops within loops would come near the 65,535 rounds after which llvmpipe silently ends them.
  const inTurn = shuffles && holds
    ? Math.min(ROWS_IN_TURN, Math.max(1, Math.floor(rows / ENOUGH_GROUPS)))
    : 1;

  const params = new Params();
  const rowsWord = Params.read(params.u32(rows));
  const inTurnWord = Params.read(params.u32(inTurn));
  const vectorsWord = Params.read(params.u32(vectors));
  const scalarLines = scalars.map((value, i) =>
    `let scalar_${i} = ${Params.readFloat(params.f32(value))};`
  );
  const buffer = ({ name, type: kind }: RowBuffer) => ({
    name,
    type: kind === "row" ? type : kind,
  });

  const combine = (name: string, combined: (a: string, b: string) => string) =>
    shuffles
      ? `fn ${name}(x: f32, lane: u32) -> f32 {
  return ${Array.from({ length: 8 }, (_, l) => `subgroupShuffle(x, ${l}u)`).reduce(combined)};
}`
      : `fn ${name}(x: f32, lane: u32) -> f32 {
  workgroupBarrier();
  shared_values[lane] = x;
  for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { shared_values[lane] = ${
        combined("shared_values[lane]", "shared_values[lane + half]")
      }; }
  }
  workgroupBarrier();
  return shared_values[0];
}`;
  const body = program.body
    .replaceAll(/\bscalar\((\d+)\)/g, "scalar_$1")
    .replaceAll(/\brow_(sum|max)\(([^;]*)\);/g, "$1_lanes($2, lane);");
  const registers = holds
    ? held(body, inputs, { vectors, lanes })
    : { loads: "", body: looped(body) };
  const code = /* wgsl */ `${shuffles ? traits.subgroupPrelude : ""}
${storageBuffers(inputs.map(buffer), outputs.map(buffer))}
${Params.declare(inputs.length + outputs.length, params.length)}
alias V = ${type};
const LANES = ${lanes}u;
${shuffles ? "" : `var<workgroup> shared_values: array<f32, ${lanes}>;`}
${combine("sum_lanes", (a, b) => `${a} + ${b}`)}
${combine("max_lanes", (a, b) => `max(${a}, ${b})`)}
fn total(v: V) -> f32 { return ${wide ? "v.x + v.y + v.z + v.w" : "v"}; }
fn greatest(v: V) -> f32 { return ${wide ? "max(max(v.x, v.y), max(v.z, v.w))" : "v"}; }
${mathsFor(program.body)}
${program.functions ?? ""}
@compute @workgroup_size(${lanes})
fn main(${ENTRY_PARAMETERS}) {
  let lane = lid.x;
  let vectors = ${vectorsWord};
  let first_row = ${workgroupIndex} * ${inTurnWord};
  let last_row = min(first_row + ${inTurnWord}, ${rowsWord});
  ${[...scalarLines, registers.loads].join("\n  ")}
  for (var row = first_row; row < last_row; row++) {
    let first = row * vectors;
    let last = first + vectors;
    ${registers.body}
  }
}`;
  const workgroups = foldWorkgroups(Math.ceil(rows / inTurn));
  return { name: program.name, code, workgroups, params: params.pack() };
}

/** The loops of a body as loops */
function looped(body: string): string {
  return body.replaceAll(EACH, "for (var i = first + lane; i < last; i += LANES) { $1 }");
}

/**
 * The loops of a body written out, over inputs that were loaded once. An input is read as `x[i]`, or
 * as `x[i - first]` where all rows share it: `loads` come before the rows.
 */
function held(
  body: string,
  inputs: readonly RowBuffer[],
  { vectors, lanes }: { vectors: number; lanes: number },
): { loads: string; body: string } {
  const isWhole = vectors % lanes === 0;
  const turns = Array.from({ length: Math.ceil(vectors / lanes) }, (_, turn) => turn);
  const isRead = (name: string, at: string) => body.includes(`${name}[${at}]`);
  const names = (at: string) =>
    inputs.filter(({ name, type }) => type === "row" && isRead(name, at)).map(({ name }) => name);
  const loads = (names: readonly string[], start: string) =>
    names.flatMap((name) =>
      turns.map((turn) => {
        const place = `lane + ${turn}u * LANES`;
        const inside = isWhole ? place : `min(${place}, vectors - 1u)`;
        return `let ${name}_${turn} = ${name}[${start}${inside}];`;
      })
    );
  const own = names("i"), shared = names("i - first");
  const access = new RegExp(`\\b(${[...own, ...shared].join("|")})\\[i( - first)?\\]`, "g");
  const loops = body.replaceAll(EACH, (_, inner: string) =>
    turns.map((turn) => {
      const text = inner.replaceAll(access, (_, name) => `${name}_${turn}`);
      const place = `let i = first + lane + ${turn}u * LANES;`;
      return isWhole ? `{ ${place} ${text} }` : `{ ${place} if (i < last) { ${text} } }`;
    }).join("\n  "));
  return {
    loads: loads(shared, "").join("\n  "),
    body: `${loads(own, "first + ").join("\n  ")}\n${loops}`,
  };
}
