/**
 * What happens to the results of a matrix product before they are stored: a bias is added, an
 * activation applied, the residual stream added. It saves a kernel that would read and write all of
 * them once more.
 *
 * @module
 */

import type { Params } from "./kernel.ts";
import { mathsFor } from "./maths.ts";

/** A tensor that takes part in an epilogue besides the product */
export interface EpilogueOperand {
  /** Its name in the expressions */
  readonly name: string;
  /** One number for each column of the product, or one for each of its elements, row-major */
  readonly per: "column" | "element";
  /** Elements from the start of memory */
  readonly offset: number;
}

/**
 * Expressions in WGSL, like those of `formulas.ts`, over the product `v` and the operands; where two
 * products are computed at once, over `v` and `w`
 */
export interface Epilogue {
  /** Name in profiles, behind the product's */
  readonly name: string;
  readonly operands: readonly EpilogueOperand[];
  /** The first is stored as the product, every further one in an output of its own */
  readonly values: readonly string[];
  /** Turns the first value before it is stored, which {@link isWide} must allow */
  readonly turn?: EpilogueTurn;
}

/**
 * Rotary embedding, see `rotary.ts`: turns pairs of neighbouring columns by the angles of the row's
 * position. Its table of angles is one more operand, behind the others.
 */
export interface EpilogueTurn {
  /** Where the table starts in its memory, in elements */
  readonly offset: number;
  /** Columns of the product */
  readonly columns: number;
  /** Columns of a head, for which the table has angles */
  readonly dimension: number;
  /** Rows after which positions begin anew */
  readonly positions: number;
  /** Row of the table for the first position */
  readonly firstPosition: number;
}

/** Stores the bare product */
export const NO_EPILOGUE: Epilogue = { name: "", operands: [], values: ["v"] };

/** How a product is stored */
export interface StoreOptions {
  readonly epilogue: Epilogue;
  /** Binding of the first operand */
  readonly binding: number;
  /** Where C starts in its memory */
  readonly offset: number;
  /** Adds to what C holds */
  readonly add: boolean;
  /** Whether four neighbours are stored at once */
  readonly wide: boolean;
  /** Names of the products */
  readonly products?: readonly string[];
}

/** Whether four neighbours of operands and results can be loaded and stored at once */
export function isWide(
  { operands, turn }: {
    operands: readonly Pick<EpilogueOperand, "offset">[];
    turn?: EpilogueTurn;
  },
  { n, offset }: { n: number; offset: number },
): boolean {
  const numbers = [n, offset, ...operands.map(({ offset }) => offset)];
  if (turn) numbers.push(turn.offset, turn.dimension);
  return numbers.every((number) => number % 4 === 0);
}

/** How a kernel stores its results */
export interface Store {
  /**
   * WGSL of `store(at, column, …)`, which finishes and stores the result at `at`, counted from the
   * start of C, in column `column`; of four neighbouring results where `wide`. What follows are the
   * numbers that {@link values} names. Parameters are variables of the kernel's `Params`.
   */
  readonly code: string;
  /** The products, and the operands that have a number for each column */
  readonly values: readonly string[];
  /** WGSL that loads those operands, for one column or four neighbours, once for all rows */
  loadColumns(column: string, count: 1 | 4): string;
  /** The first binding that is free. The epilogue's operands, C and further outputs take those before */
  readonly end: number;
}

/** Makes the function that stores results */
export function storeFunction(
  params: Params,
  { epilogue, binding, offset, add, wide, products = ["v"] }: StoreOptions,
): Store {
  const { operands, values, turn } = epilogue;
  const type = wide ? "vec4f" : "f32", unit = wide ? 4 : 1;
  const positions = (elements: number) => {
    const start = params.variable(elements);
    return (base: string) => wide ? `(${base} + ${start}) / 4u` : `${base} + ${start}`;
  };
  const inputs = operands.map(({ name }, i) =>
    `@group(0) @binding(${binding + i}) var<storage, read> epilogue_${name}: array<${type}>;`
  );
  const turnCode = turn ? turnFunction(params, turn, binding + operands.length) : "";
  const first = binding + operands.length + (turn ? 1 : 0);
  const outputs = values.map((_, i) =>
    `@group(0) @binding(${first + i}) var<storage, read_write> matrix_c${i}: array<${type}>;`
  );
  const located = operands.map(({ name, per, offset }) => {
    const position = positions(offset);
    return { name, per, load: (at: string) => `epilogue_${name}[${position(at)}]` };
  });
  const columns = located.filter(({ per }) => per === "column");
  const loads = located.filter(({ per }) => per === "element")
    .map(({ name, load }) => `let ${name} = ${load("at")};`);
  const names = [...products, ...operands.map(({ name }) => name)];
  const functions = values.map((value, i) =>
    products.includes(value)
      ? ""
      : `fn finish${i}(${
        names.map((name) => `${name}: f32`).join(", ")
      }) -> f32 { return ${value}; }`
  );
  const finished = (value: string, i: number) => {
    if (products.includes(value)) return value;
    const call = (part: string) => `finish${i}(${names.map((name) => name + part).join(", ")})`;
    return unit === 1 ? call("") : `vec4f(${[".x", ".y", ".z", ".w"].map(call).join(", ")})`;
  };
  const stores = values.map((value, i) => {
    const target = positions(i === 0 ? offset : 0)("at");
    const result = turn && i === 0
      ? `turned(at, column, ${finished(value, i)})`
      : finished(value, i);
    return `matrix_c${i}[${target}] ${add && i === 0 ? "+=" : "="} ${result};`;
  });
  const passed = [...products, ...columns.map(({ name }) => name)];
  const code = /* wgsl */ `
${[...inputs, ...outputs].join("\n")}
${mathsFor(values.join())}
${turnCode}
${functions.filter((text) => text !== "").join("\n")}
fn store(at: u32, column: u32, ${passed.map((name) => `${name}: ${type}`).join(", ")}) {
  ${[...loads, ...stores].join("\n  ")}
}`;
  const loadColumns = (column: string, count: 1 | 4) =>
    columns.map(({ name, load }) => {
      const value = wide || count === 1
        ? load(column)
        : `vec4f(${[0, 1, 2, 3].map((c) => load(`${column} + ${c}u`)).join(", ")})`;
      return `let ${name} = ${value};`;
    }).join(" ");
  return { code, values: passed, loadColumns, end: first + values.length };
}

/** WGSL of `turned(at, column, v)`, which turns two pairs that are stored at `at`, see {@link EpilogueTurn} */
function turnFunction(params: Params, turn: EpilogueTurn, binding: number): string {
  const [columns, dimension, positions, first, offset] = [
    ...[turn.columns, turn.dimension, turn.positions, turn.firstPosition, turn.offset],
  ].map((value) => params.variable(value));
  return /* wgsl */ `
@group(0) @binding(${binding}) var<storage, read> epilogue_angles: array<vec4f>;
fn turned(at: u32, column: u32, v: vec4f) -> vec4f {
  let position = at / ${columns} % ${positions} + ${first};
  let angles = epilogue_angles[(${offset} + position * ${dimension} + column % ${dimension}) / 4u];
  return v * angles.xxzz + vec4f(-v.y, v.x, -v.w, v.z) * angles.yyww;
}`;
}

/**
 * WGSL of `store_row(base, row, column, …)`, which stores four neighbours by a {@link Store}'s
 * function, as far as they are inside a product [rows, columns] that starts `base` elements into C
 */
export function storeRowFunction(
  { values }: Store,
  { rows, columns, wide }: { rows: string; columns: string; wide: boolean },
): string {
  const parts = ["x", "y", "z", "w"].map((x, c) =>
    `if (column + ${c}u < ${columns}) { store(at + ${c}u, column + ${c}u, ${
      values.map((name) => `${name}.${x}`).join(", ")
    }); }`
  );
  return /* wgsl */ `
fn store_row(base: u32, row: u32, column: u32, ${
    values.map((name) => `${name}: vec4f`).join(", ")
  }) {
  if (row >= ${rows}) { return; }
  let at = base + row * ${columns} + column;
  ${
    wide
      ? `if (column < ${columns}) { store(at, column, ${values.join(", ")}); }`
      : parts.join("\n  ")
  }
}`;
}
