/**
 * From positions to addresses: how kernels walk through strided memory.
 *
 * @module
 */

import { Params } from "./kernel.ts";

/** One axis of strided memory; the stride counts elements */
export interface Axis {
  readonly size: number;
  readonly stride: number;
}

/**
 * WGSL that declares `name`, the address of position `index` in the row-major order of `axes`.
 * Sizes and strides go to the uniform block, so that one kernel serves all shapes of a rank.
 */
export function address(
  name: string,
  index: string,
  axes: readonly Axis[],
  params: Params,
): string {
  const [first, ...rest] = axes;
  if (!first) return `let ${name} = 0u;`;
  const stride = (axis: Axis) => Params.read(params.u32(axis.stride));
  if (rest.length === 0) return `let ${name} = ${index} * ${stride(first)};`;
  const lines = [`var ${name} = 0u;`, `{ var rest = ${index};`];
  for (const axis of rest.reverse()) {
    const size = Params.read(params.u32(axis.size));
    lines.push(`${name} += (rest % ${size}) * ${stride(axis)}; rest /= ${size};`);
  }
  lines.push(`${name} += rest * ${stride(first)}; }`);
  return lines.join(" ");
}

/** A shape with the strides of every operand */
export interface Layout {
  readonly shape: number[];
  readonly strides: number[][];
}

/** Merges neighbouring axes that every operand walks through in one stride, and drops size 1 */
export function collapse(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
): Layout {
  const merged: Layout = { shape: [], strides: strides.map(() => []) };
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis]!;
    if (size === 1) continue;
    const last = merged.shape.length - 1;
    const fits = last >= 0 &&
      strides.every((operand, i) => merged.strides[i]![last] === operand[axis]! * size);
    if (fits) {
      merged.shape[last]! *= size;
      strides.forEach((operand, i) => merged.strides[i]![last] = operand[axis]!);
    } else {
      merged.shape.push(size);
      strides.forEach((operand, i) => merged.strides[i]!.push(operand[axis]!));
    }
  }
  if (merged.shape.length === 0) {
    merged.shape.push(1);
    merged.strides.forEach((operand) => operand.push(0));
  }
  return merged;
}
