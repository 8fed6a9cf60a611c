// Ops that combine the elements along some axes into one.

import { build, forEachIndex, type NdArray, normalizeAxis, offsetOf, replaced } from "./ndarray.ts";

/** Which axes to reduce (all by default) and whether they stay, with size 1. */
export interface ReduceOptions {
  readonly axes?: number | readonly number[];
  readonly keepDims?: boolean;
}

/** Collects, for each element of the result, the elements it comes from, and combines them. */
function reduce(
  a: NdArray,
  { axes, keepDims = false }: ReduceOptions,
  combine: (elements: number[]) => number,
): NdArray {
  const rank = a.shape.length;
  const reduced = new Set(
    (axes === undefined ? a.shape.map((_, i) => i) : [axes].flat())
      .map((axis) => normalizeAxis(axis, rank)),
  );
  const kept = a.shape.map((size, axis) => reduced.has(axis) ? 1 : size);
  const groups = Array.from(build(kept, () => 0).data, (): number[] => []);
  let i = 0;
  forEachIndex(a.shape, (index) => {
    const place = index.map((position, axis) => reduced.has(axis) ? 0 : position);
    groups[offsetOf(kept, place)]!.push(a.data[i++]!);
  });
  const shape = keepDims ? kept : a.shape.filter((_, axis) => !reduced.has(axis));
  return { shape: [...shape], data: Float64Array.from(groups, combine) };
}

const total = (elements: readonly number[]) => elements.reduce((sum, x) => sum + x, 0);

/** The element that comes out on top; NaN does whenever there is one. */
function extreme(elements: readonly number[], choose: (...values: number[]) => number): number {
  if (elements.length === 0) throw new RangeError("Cannot take the extreme of no elements");
  return elements.reduce((best, x) => choose(best, x));
}

const max1 = (elements: readonly number[]) => extreme(elements, Math.max);
const min1 = (elements: readonly number[]) => extreme(elements, Math.min);

export function sum(a: NdArray, options: ReduceOptions = {}): NdArray {
  return reduce(a, options, total);
}

/** NaN for no elements. */
export function mean(a: NdArray, options: ReduceOptions = {}): NdArray {
  return reduce(a, options, (elements) => total(elements) / elements.length);
}

export function max(a: NdArray, options: ReduceOptions = {}): NdArray {
  return reduce(a, options, max1);
}

export function min(a: NdArray, options: ReduceOptions = {}): NdArray {
  return reduce(a, options, min1);
}

/** Options of `argmax` and `argmin`: without an axis, the place is that in the flat data. */
export interface ArgOptions {
  readonly axis?: number;
  readonly keepDims?: boolean;
}

function argOptions({ axis, keepDims = false }: ArgOptions): ReduceOptions {
  return axis === undefined ? { keepDims } : { axes: axis, keepDims };
}

/** Place of the first greatest element. */
export function argmax(a: NdArray, options: ArgOptions = {}): NdArray {
  return reduce(a, argOptions(options), (elements) => elements.indexOf(max1(elements)));
}

/** Place of the first least element. */
export function argmin(a: NdArray, options: ArgOptions = {}): NdArray {
  return reduce(a, argOptions(options), (elements) => elements.indexOf(min1(elements)));
}

/** Σ(x − x̄)² / (n − correction): 1 for a sample's unbiased variance, 0 for a population's. */
export function variance(
  a: NdArray,
  { correction = 1, ...options }: ReduceOptions & { readonly correction?: number } = {},
): NdArray {
  return reduce(a, options, (elements) => {
    const centre = total(elements) / elements.length;
    return total(elements.map((x) => (x - centre) ** 2)) / (elements.length - correction);
  });
}

/** log Σ eˣ, stable for elements of any size; −∞ for no elements or only −∞. */
export function logsumexp(a: NdArray, options: ReduceOptions = {}): NdArray {
  return reduce(a, options, (elements) => {
    const largest = elements.length === 0 ? -Infinity : max1(elements);
    if (!Number.isFinite(largest)) return largest;
    return largest + Math.log(total(elements.map((x) => Math.exp(x - largest))));
  });
}

/** (Σ|x|ᵖ)^(1/p), or the largest |x| for p = ∞. */
export function norm(
  a: NdArray,
  { p = 2, ...options }: ReduceOptions & { readonly p?: number } = {},
): NdArray {
  return reduce(a, options, (elements) => {
    if (p === Infinity) return Math.max(0, ...elements.map(Math.abs));
    return total(elements.map((x) => Math.abs(x) ** p)) ** (1 / p);
  });
}

/** Running sums along an axis. */
export function cumsum(a: NdArray, { axis }: { readonly axis: number }): NdArray {
  const along = normalizeAxis(axis, a.shape.length);
  return build(a.shape, (index) => {
    let sum = 0;
    for (let i = 0; i <= index[along]!; i++) {
      sum += a.data[offsetOf(a.shape, replaced(index, along, i))]!;
    }
    return sum;
  });
}
