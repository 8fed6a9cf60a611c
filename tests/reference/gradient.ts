// Gradients by finite differences, to check the analytic ones against.

import { type NdArray, sameShape } from "./ndarray.ts";

/**
 * The gradient of Σ upstream · f(inputs) with respect to each input, by central differences with
 * one Richardson extrapolation: with d(h) = f(x+h) − f(x−h), f′ = (8 d(h) − d(2h)) / 12h + O(h⁴).
 *
 * `epsilon` is the step h: about a thousandth of the length over which f changes its shape. Keep
 * inputs two steps away from where f is not smooth.
 */
export function numericalGradient(
  f: (...inputs: NdArray[]) => NdArray,
  inputs: readonly NdArray[],
  upstream: NdArray,
  epsilon = 1e-3,
): NdArray[] {
  const varied = inputs.map(({ shape, data }) => ({ shape, data: data.slice() }));
  const evaluate = (): Float64Array => {
    const output = f(...varied);
    if (!sameShape(output.shape, upstream.shape)) {
      throw new RangeError(
        `Cannot weigh outputs of shape [${output.shape.join(", ")}] ` +
          `with upstream gradients of shape [${upstream.shape.join(", ")}]`,
      );
    }
    return output.data.slice();
  };

  // A power of two, so that x + h and x − h are exactly as far apart as the formula assumes.
  const h = 2 ** Math.round(Math.log2(epsilon));
  return varied.map(({ shape, data }) => {
    const gradient = new Float64Array(data.length);
    for (let i = 0; i < data.length; i++) {
      const x = data[i]!;
      const [before2, before, after, after2] = [-2, -1, 1, 2].map((steps) => {
        data[i] = x + steps * h;
        return evaluate();
      }) as [Float64Array, Float64Array, Float64Array, Float64Array];
      data[i] = x;
      let sum = 0;
      upstream.data.forEach((weight, j) => {
        const near = after[j]! - before[j]!;
        const far = after2[j]! - before2[j]!;
        sum += weight * (8 * near - far);
      });
      gradient[i] = sum / (12 * h);
    }
    return { shape: [...shape], data: gradient };
  });
}
