// Softmax and its logarithm along an axis.

import { exp, sub } from "./elementwise.ts";
import type { NdArray } from "./ndarray.ts";
import { logsumexp } from "./reduce.ts";

/** log softmax: x − log Σ eˣ along an axis, the last by default. */
export function logSoftmax(a: NdArray, { axis = -1 }: { readonly axis?: number } = {}): NdArray {
  return sub(a, logsumexp(a, { axes: axis, keepDims: true }));
}

/** eˣ / Σ eˣ along an axis, the last by default. */
export function softmax(a: NdArray, options: { readonly axis?: number } = {}): NdArray {
  return exp(logSoftmax(a, options));
}
