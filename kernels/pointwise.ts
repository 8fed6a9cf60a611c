/**
 * Element-by-element kernels. An op is one WGSL expression over the operands `a`, `b`, `c`, `d`;
 * the generator below wraps it in loads with broadcasting, strides and vectors of four.
 *
 * @module
 */

import {
  type AdapterTraits,
  coverWith,
  ENTRY_PARAMETERS,
  type Kernel,
  Params,
  workgroupIndex,
} from "./kernel.ts";
import { collapse, type Layout } from "./indexing.ts";
import { mathsFor } from "./maths.ts";

/** WGSL scalar types of tensor elements; booleans are stored as 0 and 1 in an `i32` */
export type ElementType = "f32" | "i32";

/** WGSL expressions over named scalars; they may call the functions of `maths.ts` */
export interface PointwiseExpression {
  /** Name in profiles */
  readonly name: string;
  /** WGSL expression of each result */
  readonly values: readonly string[];
  /** WGSL type of the results */
  readonly result: ElementType;
}

/** How an operand is known in the expression; it is converted to `as` when loaded */
interface NamedOperand {
  readonly name: string;
  readonly as: ElementType;
}

/** Where an operand's elements lie; strides are counted in elements and are 0 where broadcast */
export interface PointwiseOperand extends NamedOperand {
  /** Type in memory */
  readonly type: ElementType;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** A number that takes an operand's place */
export interface PointwiseConstant extends NamedOperand {
  readonly value: number;
}

/** Everything about one launch */
export interface PointwiseLaunch {
  readonly expression: PointwiseExpression;
  /** Shape of the result, whose elements are written contiguously unless in place */
  readonly shape: readonly number[];
  readonly operands: readonly (PointwiseOperand | PointwiseConstant)[];
  /** Where the result goes; row-major from the start of its memory when left out */
  readonly result?: { readonly offset: number; readonly strides: readonly number[] };
  /** Operand 0 is overwritten with the result instead of writing to memory of its own */
  readonly inPlace?: boolean;
}

/**
 * The kernel of a pointwise launch. Bindings: every tensor operand in order (without operand 0 when
 * in place), then the results.
 */
export function pointwiseKernel(launch: PointwiseLaunch, _traits: AdapterTraits): Kernel {
  const { expression, operands, inPlace = false } = launch;
  const tensors = operands.filter((operand) => "strides" in operand);
  const target = inPlace ? tensors[0] : launch.result;
  const places = target ? [...tensors, target] : tensors;
  const layout = collapse(launch.shape, places.map((place) => place.strides));
  const rank = layout.shape.length;
  const vector = isVectorizable(layout, places) ? 4 : 1;

  const params = new Params();
  const inner = layout.shape[rank - 1]! / vector;
  const count = layout.shape.reduce((product, size) => product * size, 1) / vector;
  const countSlot = params.u32(count);
  const dimensionSlots = layout.shape.map((size, axis) =>
    params.u32(axis === rank - 1 ? inner : size)
  );

  /** WGSL index of a place at the current position, and whether it moves by whole vectors */
  const indexOf = (place: number): { index: string; wide: boolean } => {
    const strides = layout.strides[place]!;
    const wide = vector === 4 && strides[rank - 1] === 1;
    const unit = wide ? 4 : 1;
    const terms = [Params.read(params.u32(places[place]!.offset / unit))];
    for (const [axis, stride] of strides.entries()) {
      if (axis === rank - 1 && stride === 1) terms.push(`i${axis}`);
      // Whether a stride is zero is part of the source, so that broadcast operands skip the work.
      else if (stride !== 0) terms.push(`i${axis} * ${Params.read(params.u32(stride / unit))}`);
    }
    return { index: terms.join(" + "), wide };
  };
  const resultIndex = target ? indexOf(inPlace ? 0 : places.length - 1).index : "i";

  const bindings: string[] = [];
  const loads: string[] = [];
  let place = 0;
  for (const [position, operand] of operands.entries()) {
    const { name, as } = operand;
    if (!("strides" in operand)) {
      const slot = as === "f32" ? params.f32(operand.value) : params.u32(operand.value);
      const read = as === "f32" ? Params.readFloat(slot) : `bitcast<i32>(${Params.read(slot)})`;
      loads.push(`let ${name} = ${splat(as, vector, read)};`);
      continue;
    }
    const { index, wide } = indexOf(place++);
    const isResult = inPlace && position === 0;
    if (!isResult) {
      const type = wide ? `vec4<${operand.type}>` : operand.type;
      bindings.push(
        `@group(0) @binding(${bindings.length}) var<storage, read> buffer_${name}: array<${type}>;`,
      );
    }
    const load = isResult ? "result[at]" : `buffer_${name}[${index}]`;
    const loaded = vector === 4 && !wide ? splat(operand.type, 4, load) : load;
    loads.push(`let ${name} = ${as === operand.type ? loaded : splat(as, vector, loaded)};`);
  }
  const resultType = vector === 4 ? `vec4<${expression.result}>` : expression.result;
  const results = expression.values.map((_, i) => i === 0 ? "result" : `result_${i}`);
  for (const name of results) {
    bindings.push(
      `@group(0) @binding(${bindings.length}) var<storage, read_write> ${name}: array<${resultType}>;`,
    );
  }

  const signature = operands.map(({ name, as }) => `${name}: ${as}`).join(", ");
  const call = (part: string, i: number) =>
    `f${i}(${operands.map(({ name }) => name + part).join(", ")})`;
  const valueOf = (i: number) =>
    vector === 4
      ? `${resultType}(${[".x", ".y", ".z", ".w"].map((part) => call(part, i)).join(", ")})`
      : call("", i);
  const size = 64;
  const code = /* wgsl */ `
${bindings.join("\n")}
${Params.declare(bindings.length, params.length)}
${mathsFor(expression.values.join())}
${
    expression.values.map((value, i) =>
      `fn f${i}(${signature}) -> ${expression.result} { return ${value}; }`
    ).join("\n")
  }
@compute @workgroup_size(${size})
fn main(${ENTRY_PARAMETERS}) {
  let i = ${workgroupIndex} * ${size}u + lid.x;
  if (i >= ${Params.read(countSlot)}) { return; }
${unravel(rank, dimensionSlots)}
  let at = ${resultIndex};
  ${loads.join("\n  ")}
  ${results.map((name, i) => `${name}[at] = ${valueOf(i)};`).join("\n  ")}
}
`;
  return {
    name: expression.name,
    code,
    workgroups: coverWith(size, count),
    params: params.pack(),
  };
}

/** WGSL that splits the linear index `i` into one index per axis, `i0` the slowest */
function unravel(rank: number, slots: readonly number[]): string {
  if (rank === 1) return "  let i0 = i;";
  const lines = [`  var rest = i;`];
  for (let axis = rank - 1; axis > 0; axis--) {
    const size = Params.read(slots[axis]!);
    lines.push(
      `  let q${axis} = rest / ${size};`,
      `  let i${axis} = rest - q${axis} * ${size};`,
      `  rest = q${axis};`,
    );
  }
  lines.push("  let i0 = rest;");
  return lines.join("\n");
}

function splat(type: ElementType, width: number, scalar: string): string {
  return `${width === 4 ? `vec4<${type}>` : type}(${scalar})`;
}

/** Whether four neighbours along the last axis can be loaded and stored together */
function isVectorizable(layout: Layout, places: readonly { offset: number }[]): boolean {
  const last = layout.shape.length - 1;
  if (layout.shape[last]! % 4 !== 0) return false;
  return places.every(({ offset }, i) => {
    const strides = layout.strides[i]!;
    if (strides[last] === 0) return true;
    return strides[last] === 1 && offset % 4 === 0 &&
      strides.every((stride, axis) => axis === last || stride % 4 === 0);
  });
}
