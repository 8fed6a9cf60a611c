/**
 * Attention of sequences of a few positions and narrow heads, as toy models have. The tiles of
 * `attention.ts` would lie empty; here an invocation takes a whole sequence of one head into its
 * registers, all loops unrolled. The scores are computed again for the gradients, of which one kernel
 * computes all three.
 *
 * @module
 */

import type { AttentionShape, RowsOperand } from "./attention_shape.ts";
import { address } from "./indexing.ts";
import {
  coverWith,
  ENTRY_PARAMETERS,
  type Kernel,
  Params,
  storageBuffers,
  workgroupIndex,
} from "./kernel.ts";

/**
 * Most positions of queries and of keys, and most columns of a head, that are unrolled. There is a
 * kernel for each such shape: wider heads meet many of them while a text is generated.
 */
const MAX_POSITIONS = 8, MAX_COLUMNS = 4;

/** Invocations of a workgroup; each takes a sequence */
const SIZE = 64;

/** Stands for a hidden score: its weight is 0 beside any other */
const HIDDEN = "-3e38";

/** Whether the kernels of this file are the ones to take */
export function isShortAttention(
  { queries, keys, headSize }: Pick<AttentionShape, "queries" | "keys" | "headSize">,
): boolean {
  return Math.max(queries, keys) <= MAX_POSITIONS && headSize <= MAX_COLUMNS;
}

/**
 * Bindings: q, k, v, mask where there is one, output, log-sum-exp of each query's scores.
 * A query that sees no key gives zeros.
 */
export function shortAttentionKernel(
  shape: AttentionShape,
  operands: Record<"q" | "k" | "v" | "output", RowsOperand>,
): Kernel {
  const program = new ShortProgram(shape, operands);
  const { queries, columns } = program;
  const body = queries.map((t) => {
    const seen = program.seen(t);
    if (seen.length === 0) {
      return [
        ...columns.map((d) => `${program.at("output", t, d)} = 0.0;`),
        `log_sum_exp[number * ${queries.length}u + ${t}u] = 0.0;`,
      ].join("\n  ");
    }
    return `{
    ${program.weights(t)}
    let factor = select(0.0, 1.0 / total, sees);
    ${
      columns.map((d) =>
        `${program.at("output", t, d)} = factor * (${
          seen.map((s) => `p${s} * v${s}_${d}`).join(" + ")
        });`
      ).join("\n    ")
    }
    log_sum_exp[number * ${queries.length}u + ${t}u] = select(0.0, peak + log(total), sees);
  }`;
  });
  return program.kernel("attention_short", {
    inputs: ["q", "k", "v"],
    outputs: ["output", "log_sum_exp"],
    products: 2,
    body: `${program.load("q")}\n  ${program.load("k")}\n  ${program.load("v")}\n  ${
      body.join("\n  ")
    }`,
  });
}

/**
 * With weights P and dS = P ⊙ (dO Vᵀ - Σ P ⊙ dO Vᵀ), the gradient of the queries is scale · dS K,
 * that of the keys scale · dSᵀ Q and that of the values Pᵀ dO. Bindings: q, k, v, gradient of the
 * output, mask where there is one, gradients of queries, keys and values
 */
export function shortAttentionGradientKernel(
  shape: AttentionShape,
  operands: Record<"q" | "k" | "v" | "gradient" | "dq" | "dk" | "dv", RowsOperand>,
): Kernel {
  const program = new ShortProgram(shape, operands);
  const { queries, keys, columns } = program;
  const body = queries.map((t) => {
    const seen = program.seen(t);
    if (seen.length === 0) {
      return columns.map((d) => `${program.at("dq", t, d)} = 0.0;`).join("\n  ");
    }
    return `{
    ${program.weights(t)}
    let factor = select(0.0, 1.0 / total, sees);
    ${
      seen.map((s) =>
        `let w${s} = p${s} * factor; let g${s} = ${
          columns.map((d) => `gradient${t}_${d} * v${s}_${d}`).join(" + ")
        };`
      ).join("\n    ")
    }
    let mean = ${seen.map((s) => `w${s} * g${s}`).join(" + ")};
    ${seen.map((s) => `let ds${s} = w${s} * (g${s} - mean) * scale;`).join("\n    ")}
    ${
      columns.map((d) =>
        `${program.at("dq", t, d)} = ${seen.map((s) => `ds${s} * k${s}_${d}`).join(" + ")};`
      ).join("\n    ")
    }
    ${
      seen.flatMap((s) =>
        columns.map((d) =>
          `dk${s}_${d} += ds${s} * q${t}_${d}; dv${s}_${d} += w${s} * gradient${t}_${d};`
        )
      ).join("\n    ")
    }
  }`;
  });
  const each = (write: (s: number, d: number) => string) =>
    keys.flatMap((s) => columns.map((d) => write(s, d))).join("\n  ");
  return program.kernel("attention_short_gradient", {
    inputs: ["q", "k", "v", "gradient"],
    outputs: ["dq", "dk", "dv"],
    products: 5,
    body: `${(["q", "k", "v", "gradient"] as const).map((name) => program.load(name)).join("\n  ")}
  ${each((s, d) => `var dk${s}_${d} = 0.0; var dv${s}_${d} = 0.0;`)}
  ${body.join("\n  ")}
  ${
      each((s, d) =>
        `${program.at("dk", s, d)} = dk${s}_${d}; ${program.at("dv", s, d)} = dv${s}_${d};`
      )
    }`,
  });
}

/** Operands whose rows belong to queries; those of the others belong to keys */
const OF_QUERIES: ReadonlySet<string> = new Set(["q", "gradient", "output", "dq"]);

/** What both kernels are made of; `number` is the invocation's sequence */
class ShortProgram {
  readonly queries: readonly number[];
  readonly keys: readonly number[];
  readonly columns: readonly number[];
  readonly #shape: AttentionShape;
  readonly #params = new Params();
  readonly #scale: string;
  readonly #addresses: string[];

  constructor(shape: AttentionShape, operands: Readonly<Record<string, RowsOperand>>) {
    const count = (size: number) => Array.from({ length: size }, (_, i) => i);
    this.#shape = shape;
    this.queries = count(shape.queries);
    this.keys = count(shape.keys);
    this.columns = count(shape.headSize);
    this.#scale = Params.readFloat(this.#params.f32(shape.scale));
    const { mask } = shape;
    this.#addresses = Object.entries({ ...operands, ...(mask ? { mask } : {}) }).map(
      ([name, operand]) => this.#place(name, operand),
    );
    if (mask) this.#addresses.push(`let mask_column = ${this.#word(mask.column)};`);
  }

  /** Keys that query `t` may see, but for those that a mask hides */
  seen(t: number): readonly number[] {
    const { causal, queries, keys } = this.#shape;
    return this.keys.filter((s) => !causal || s <= t + keys - queries);
  }

  /** Loads all rows of a matrix as `{name}{row}_{column}` */
  load(name: "q" | "k" | "v" | "gradient"): string {
    const rows = OF_QUERIES.has(name) ? this.queries : this.keys;
    return rows.flatMap((row) =>
      this.columns.map((d) => `let ${name}${row}_${d} = ${this.at(name, row, d)};`)
    ).join("\n  ");
  }

  /** An element of the sequence's part of a matrix */
  at(name: string, row: number, column: number): string {
    return `${name}[${name}_base + ${row}u * ${name}_row + ${column}u]`;
  }

  /**
   * Declares the weights of query `t` times their sum `total` as `p{s}`, the greatest score `peak`,
   * and whether the query `sees` any key.
   */
  weights(t: number): string {
    const seen = this.seen(t);
    const isSeen = (s: number) =>
      this.#shape.mask ? `mask[mask_base + ${t}u * mask_row + ${s}u * mask_column] != 0` : "true";
    const score = (s: number) =>
      `scale * (${this.columns.map((d) => `q${t}_${d} * k${s}_${d}`).join(" + ")})`;
    return [
      ...seen.map((s) => `let see${s} = ${isSeen(s)};`),
      `let sees = ${seen.map((s) => `see${s}`).join(" || ")};`,
      ...seen.map((s) => `let s${s} = select(${HIDDEN}, ${score(s)}, see${s});`),
      `let peak = ${seen.map((s) => `s${s}`).reduce((a, b) => `max(${a}, ${b})`)};`,
      ...seen.map((s) => `let p${s} = exp(s${s} - peak);`),
      `let total = ${seen.map((s) => `p${s}`).join(" + ")};`,
    ].join("\n    ");
  }

  /** The finished kernel; products count for each pair of a query and a key and each column */
  kernel(
    name: string,
    parts: {
      inputs: readonly string[];
      outputs: readonly string[];
      products: number;
      body: string;
    },
  ): Kernel {
    const { batch, mask } = this.#shape;
    const sequences = batch.reduce((product, size) => product * size, 1);
    const inputs = mask ? [...parts.inputs, "mask"] : parts.inputs;
    const buffer = (name: string) => ({ name, type: name === "mask" ? "i32" : "f32" });
    const count = this.#word(sequences);
    const code = /* wgsl */ `
${storageBuffers(inputs.map(buffer), parts.outputs.map(buffer))}
${Params.declare(inputs.length + parts.outputs.length, this.#params.length)}
@compute @workgroup_size(${SIZE})
fn main(${ENTRY_PARAMETERS}) {
  let number = ${workgroupIndex} * ${SIZE}u + lid.x;
  if (number >= ${count}) { return; }
  let scale = ${this.#scale};
  ${this.#addresses.join("\n  ")}
  ${parts.body}
}`;
    const pairs = this.queries.reduce((sum, t) => sum + this.seen(t).length, 0);
    return {
      name,
      code,
      workgroups: coverWith(SIZE, sequences),
      flops: 2 * parts.products * this.columns.length * pairs * sequences,
      params: this.#params.pack(),
    };
  }

  /** Computes where the sequence's rows start */
  #place(name: string, { offset, row, batch }: RowsOperand): string {
    const axes = this.#shape.batch.map((size, axis) => ({ size, stride: batch[axis]! }));
    return `${address(`${name}_batch`, "number", axes, this.#params)}
  let ${name}_base = ${name}_batch + ${this.#word(offset)}; let ${name}_row = ${this.#word(row)};`;
  }

  /** A number in the uniform block */
  #word(value: number): string {
    return Params.read(this.#params.u32(value));
  }
}
