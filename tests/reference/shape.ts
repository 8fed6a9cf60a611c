// Ops that put elements in other places without looking at them.

import { at, build, type NdArray, normalizeAxis, replaced, reshape } from "./ndarray.ts";

/** Arrays one after another along an axis. */
export function concat(arrays: readonly NdArray[], { axis }: { readonly axis: number }): NdArray {
  const first = arrays[0]!;
  const along = normalizeAxis(axis, first.shape.length);
  const length = arrays.reduce((sum, a) => sum + a.shape[along]!, 0);
  return build(replaced(first.shape, along, length), (index) => {
    let position = index[along]!;
    let which = 0;
    while (position >= arrays[which]!.shape[along]!) position -= arrays[which++]!.shape[along]!;
    return at(arrays[which]!, replaced(index, along, position));
  });
}

/** Arrays of one shape side by side along a new axis. */
export function stack(arrays: readonly NdArray[], { axis }: { readonly axis: number }): NdArray {
  const along = normalizeAxis(axis, arrays[0]!.shape.length + 1);
  return concat(arrays.map((a) => reshape(a, a.shape.toSpliced(along, 0, 1))), { axis: along });
}

/** The positions `start`, `start + step`, … before `end` along an axis, as Python slices. */
export function slice(
  a: NdArray,
  { axis, start = 0, end = Infinity, step = 1 }: {
    readonly axis: number;
    readonly start?: number;
    readonly end?: number;
    readonly step?: number;
  },
): NdArray {
  const along = normalizeAxis(axis, a.shape.length);
  const size = a.shape[along]!;
  const bound = (i: number) => Math.min(Math.max(i < 0 ? i + size : i, 0), size);
  const from = bound(start);
  const length = Math.max(0, Math.ceil((bound(end) - from) / step));
  return build(
    replaced(a.shape, along, length),
    (index) => at(a, replaced(index, along, from + step * index[along]!)),
  );
}

/** An array cut along an axis into pieces of the given lengths. */
export function split(
  a: NdArray,
  { axis, sizes }: { readonly axis: number; readonly sizes: readonly number[] },
): NdArray[] {
  let start = 0;
  return sizes.map((size) => slice(a, { axis, start, end: start += size }));
}
