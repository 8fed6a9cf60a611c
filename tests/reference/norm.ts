// Normalization over the last axis.

import { add, mul, rsqrt, sub } from "./elementwise.ts";
import { full, type NdArray } from "./ndarray.ts";
import { mean, variance } from "./reduce.ts";

const lastAxis = { axes: -1, keepDims: true } as const;

/** x / √(mean x² + eps) · weight: Zhang and Sennrich, arXiv:1910.07467. */
export function rmsNorm(
  x: NdArray,
  { weight, eps = 1e-5 }: { readonly weight?: NdArray; readonly eps?: number } = {},
): NdArray {
  const normed = mul(x, rsqrt(add(mean(mul(x, x), lastAxis), full([], eps))));
  return weight === undefined ? normed : mul(normed, weight);
}

/** (x − mean) / √(variance + eps) · weight + bias: Ba, Kiros and Hinton, arXiv:1607.06450. */
export function layerNorm(
  x: NdArray,
  { weight, bias, eps = 1e-5 }: {
    readonly weight?: NdArray;
    readonly bias?: NdArray;
    readonly eps?: number;
  } = {},
): NdArray {
  const spread = variance(x, { ...lastAxis, correction: 0 });
  const normed = mul(sub(x, mean(x, lastAxis)), rsqrt(add(spread, full([], eps))));
  const scaled = weight === undefined ? normed : mul(normed, weight);
  return bias === undefined ? scaled : add(scaled, bias);
}
