// Matrix products.

import { add } from "./elementwise.ts";
import {
  at,
  broadcastShapes,
  broadcastTo,
  build,
  type NdArray,
  reshape,
  transpose,
} from "./ndarray.ts";

/**
 * The matrix product over the last two axes, [..., M, K] by [..., K, N], the axes before broadcast;
 * an operand of rank 1 is a row on the left or a column on the right, as in NumPy.
 */
export function matmul(a: NdArray, b: NdArray): NdArray {
  const isRow = a.shape.length === 1;
  const isColumn = b.shape.length === 1;
  const product = matrixProduct(
    isRow ? reshape(a, [1, ...a.shape]) : a,
    isColumn ? reshape(b, [...b.shape, 1]) : b,
  );
  const rank = product.shape.length;
  const shape = product.shape.filter((_, axis) =>
    !(isRow && axis === rank - 2) && !(isColumn && axis === rank - 1)
  );
  return reshape(product, shape);
}

function matrixProduct(a: NdArray, b: NdArray): NdArray {
  const [rows, inner] = a.shape.slice(-2) as [number, number];
  const [innerB, columns] = b.shape.slice(-2) as [number, number];
  if (inner !== innerB) {
    throw new RangeError(`Cannot multiply [${a.shape.join(", ")}] by [${b.shape.join(", ")}]`);
  }
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const left = broadcastTo(a, [...batch, rows, inner]);
  const right = broadcastTo(b, [...batch, inner, columns]);
  return build([...batch, rows, columns], (index) => {
    const stack = index.slice(0, -2);
    const [row, column] = index.slice(-2) as [number, number];
    let sum = 0;
    for (let k = 0; k < inner; k++) {
      sum += at(left, [...stack, row, k]) * at(right, [...stack, k, column]);
    }
    return sum;
  });
}

/** x Wᵀ + b with the weight stored [out, in], over the last axis of x. */
export function linear(
  x: NdArray,
  { weight, bias }: { readonly weight: NdArray; readonly bias?: NdArray },
): NdArray {
  const product = matmul(x, transpose(weight));
  return bias === undefined ? product : add(product, bias);
}
