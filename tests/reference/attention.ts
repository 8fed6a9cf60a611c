// What a Transformer layer is made of beyond norms and matrix products.

import { div, exp, mul, silu, sub } from "./elementwise.ts";
import { linear, matmul } from "./matmul.ts";
import {
  at,
  broadcastShapes,
  broadcastTo,
  build,
  full,
  map,
  type NdArray,
  ndarray,
  transpose,
} from "./ndarray.ts";
import { max, sum } from "./reduce.ts";

/**
 * Rotary position embedding on interleaved pairs of [..., T, D], as in CS336: the pair (2i, 2i+1)
 * turns by the angle position · theta^(−2i/D). Su et al., arXiv:2104.09864.
 */
export function rope(
  x: NdArray,
  { positions, theta = 10000 }: { readonly positions?: NdArray; readonly theta?: number } = {},
): NdArray {
  const size = x.shape.at(-1)!;
  const length = x.shape.at(-2)!;
  const steps = broadcastTo(
    positions ?? ndarray([length], Array.from({ length }, (_, t) => t)),
    x.shape.slice(0, -1),
  );
  return build(x.shape, (index) => {
    const row = index.slice(0, -1);
    const even = index.at(-1)! - index.at(-1)! % 2;
    const angle = at(steps, row) * theta ** (-even / size);
    const first = at(x, [...row, even]);
    const second = at(x, [...row, even + 1]);
    return index.at(-1) === even
      ? first * Math.cos(angle) - second * Math.sin(angle)
      : first * Math.sin(angle) + second * Math.cos(angle);
  });
}

/** W₂(silu(W₁x) ⊙ W₃x), weights stored [out, in]: Shazeer, arXiv:2002.05202. */
export function swiglu(x: NdArray, w1: NdArray, w2: NdArray, w3: NdArray): NdArray {
  const gated = mul(silu(linear(x, { weight: w1 })), linear(x, { weight: w3 }));
  return linear(gated, { weight: w2 });
}

/** Options of `scaledDotProductAttention`. */
export interface AttentionOptions {
  /**
   * Query i sees keys up to i + (S − T): the last query sees all keys, as when the first ones come
   * from a cache.
   */
  readonly causal?: boolean;
  /** Not 0 where a query may see a key; broadcast to [..., T, S]. */
  readonly mask?: NdArray;
  /** What scores are multiplied by; 1/√D by default. */
  readonly scale?: number;
}

/**
 * softmax(scale · QKᵀ) V for queries [..., T, D], keys [..., S, D] and values [..., S, E].
 * A query that sees no key gives zeros.
 */
export function scaledDotProductAttention(
  query: NdArray,
  key: NdArray,
  value: NdArray,
  { causal = false, mask, scale = 1 / Math.sqrt(query.shape.at(-1)!) }: AttentionOptions = {},
): NdArray {
  const products = matmul(query, transpose(key)); // [..., T, S]
  const shape = broadcastShapes(products.shape, mask?.shape ?? []);
  const scores = broadcastTo(map(products, (x) => x * scale), shape);
  const visible = broadcastTo(mask ?? full([], 1), shape);
  const ahead = shape.at(-1)! - shape.at(-2)!;
  const masked = build(shape, (index) => {
    const hidden = at(visible, index) === 0 || (causal && index.at(-1)! > index.at(-2)! + ahead);
    return hidden ? -Infinity : at(scores, index);
  });
  if (shape.at(-1) === 0) return matmul(masked, value);
  // A row of −∞ alone has the maximum −∞: take 0 instead, and its weights are all 0.
  const lastAxis = { axes: -1, keepDims: true };
  const peak = map(max(masked, lastAxis), (x) => x === -Infinity ? 0 : x);
  const weights = exp(sub(masked, peak));
  const total = map(sum(weights, lastAxis), (x) => x === 0 ? 1 : x);
  return matmul(div(weights, total), value);
}
