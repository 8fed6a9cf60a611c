// Ops on single elements, broadcast as NumPy broadcasts.

import { broadcastShapes, broadcastTo, map, map2, type NdArray } from "./ndarray.ts";

type Unary = (a: NdArray) => NdArray;
type Binary = (a: NdArray, b: NdArray) => NdArray;

const unary = (f: (x: number) => number): Unary => (a) => map(a, f);
const binary = (f: (x: number, y: number) => number): Binary => (a, b) => map2(a, b, f);
const comparison = (f: (x: number, y: number) => boolean): Binary =>
  binary((x, y) => f(x, y) ? 1 : 0);

export const add: Binary = binary((x, y) => x + y);
export const sub: Binary = binary((x, y) => x - y);
export const mul: Binary = binary((x, y) => x * y);
export const div: Binary = binary((x, y) => x / y);
export const pow: Binary = binary((x, y) => x ** y);
export const maximum: Binary = binary(Math.max);
export const minimum: Binary = binary(Math.min);

export const equal: Binary = comparison((x, y) => x === y);
export const notEqual: Binary = comparison((x, y) => x !== y);
export const less: Binary = comparison((x, y) => x < y);
export const lessEqual: Binary = comparison((x, y) => x <= y);
export const greater: Binary = comparison((x, y) => x > y);
export const greaterEqual: Binary = comparison((x, y) => x >= y);

export const neg: Unary = unary((x) => -x);
export const exp: Unary = unary(Math.exp);
export const log: Unary = unary(Math.log);
export const sqrt: Unary = unary(Math.sqrt);
export const rsqrt: Unary = unary((x) => 1 / Math.sqrt(x));
export const abs: Unary = unary(Math.abs);
export const tanh: Unary = unary(Math.tanh);
export const sigmoid: Unary = unary((x) => 1 / (1 + Math.exp(-x)));
export const relu: Unary = unary((x) => Math.max(x, 0));
export const silu: Unary = unary((x) => x / (1 + Math.exp(-x)));

/** The tanh form of GELU: Hendrycks and Gimpel, arXiv:1606.08415. */
export const geluTanh: Unary = unary((x) =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
);

/** The exact form of GELU: x Φ(x), Φ being the cumulative probability of the standard normal. */
export const geluErf: Unary = unary((x) => 0.5 * x * erfc(-x / Math.SQRT2));

/**
 * The complementary error function to about 14 digits: near zero by the series
 * erf x = 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)), further out by the continued fraction
 * erfc x = e^(−x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …)))).
 */
export function erfc(x: number): number {
  if (Math.abs(x) < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 100; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  const distance = Math.abs(x);
  let fraction = distance;
  for (let n = 200; n > 0; n--) fraction = distance + n / 2 / fraction;
  const tail = Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
  return x > 0 ? tail : 2 - tail;
}

/** `a` where the condition is not 0, `b` elsewhere. */
export function where(condition: NdArray, a: NdArray, b: NdArray): NdArray {
  const shape = broadcastShapes(condition.shape, a.shape, b.shape);
  const yes = broadcastTo(a, shape);
  const no = broadcastTo(b, shape);
  const choice = broadcastTo(condition, shape);
  return { shape, data: choice.data.map((c, i) => c !== 0 ? yes.data[i]! : no.data[i]!) };
}

/** `value` where the mask is not 0, the array elsewhere. The result has the array's shape. */
export function maskedFill(
  a: NdArray,
  mask: NdArray,
  { value }: { readonly value: number },
): NdArray {
  const masked = broadcastTo(mask, a.shape);
  return { shape: [...a.shape], data: a.data.map((x, i) => masked.data[i] !== 0 ? value : x) };
}

/** Elements below `low` raised to it, those above `high` lowered to it; NaN stays. */
export function clamp(
  a: NdArray,
  { low = -Infinity, high = Infinity }: { readonly low?: number; readonly high?: number },
): NdArray {
  return map(a, (x) => Math.min(Math.max(x, low), high));
}
