// Ops whose result depends on positions: look-ups, scatters, one-hot rows and triangles.

import {
  at,
  build,
  forEachIndex,
  type NdArray,
  normalizeAxis,
  offsetOf,
  replaced,
} from "./ndarray.ts";

/**
 * PyTorch's gather: for axis 0, `result[i][j] = a[index[i][j]][j]`. The result has the index's
 * shape, which may be smaller than the array's along the other axes.
 */
export function gather(a: NdArray, index: NdArray, { axis }: { readonly axis: number }): NdArray {
  const along = normalizeAxis(axis, a.shape.length);
  return build(index.shape, (place) => at(a, replaced(place, along, at(index, place))));
}

/** PyTorch's scatter_add: for axis 0, adds `source[i][j]` to `a[index[i][j]][j]`. */
export function scatterAdd(
  a: NdArray,
  index: NdArray,
  source: NdArray,
  { axis }: { readonly axis: number },
): NdArray {
  const along = normalizeAxis(axis, a.shape.length);
  const data = a.data.slice();
  forEachIndex(index.shape, (place) => {
    data[offsetOf(a.shape, replaced(place, along, at(index, place)))]! += at(source, place);
  });
  return { shape: [...a.shape], data };
}

/** Rows of a [V, D] table picked by ids of any shape: [...] gives [..., D]. */
export function embedding(table: NdArray, ids: NdArray): NdArray {
  return build(
    [...ids.shape, table.shape[1]!],
    (index) => at(table, [at(ids, index.slice(0, -1)), index.at(-1)!]),
  );
}

/** 1 at each id, 0 elsewhere, along a new last axis of size `classes`. */
export function oneHot(ids: NdArray, { classes }: { readonly classes: number }): NdArray {
  return build(
    [...ids.shape, classes],
    (index) => at(ids, index.slice(0, -1)) === index.at(-1) ? 1 : 0,
  );
}

interface TriangleOptions {
  /** Which diagonal the triangle ends at: 0 the main one, positive ones above it. */
  readonly diagonal?: number;
}

/** Elements on and below a diagonal of the last two axes; 0 above. */
export function tril(a: NdArray, { diagonal = 0 }: TriangleOptions = {}): NdArray {
  return build(a.shape, (index) => index.at(-1)! <= index.at(-2)! + diagonal ? at(a, index) : 0);
}

/** Elements on and above a diagonal of the last two axes; 0 below. */
export function triu(a: NdArray, { diagonal = 0 }: TriangleOptions = {}): NdArray {
  return build(a.shape, (index) => index.at(-1)! >= index.at(-2)! + diagonal ? at(a, index) : 0);
}
