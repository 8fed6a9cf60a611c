/**
 * One launch of a matrix product: from tensors and their strides to a kernel.
 *
 * @module
 */

import { collapse } from "../../kernels/indexing.ts";
import { matmulKernel, type MatrixOperand, sumsRows } from "../../kernels/matmul.ts";
import type { Epilogue } from "../../kernels/matmul_epilogue.ts";
import { broadcastShapes, broadcastStrides, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Destination, launch } from "./launch.ts";
import { copy } from "./pointwise.ts";

/** An epilogue with its tensors: operands and outputs other than the product */
export interface BoundEpilogue {
  readonly epilogue: Epilogue;
  /** Of b's shape: its product with a is the epilogue's `w` */
  readonly second?: Tensor | undefined;
  readonly tensors: readonly Tensor[];
  readonly others: readonly Tensor[];
}

/** Sizes of a product [...batch, m, n] */
export function matmulSizes(
  a: Tensor,
  b: Tensor,
): { batch: Shape; m: number; n: number; k: number } {
  const [m, k] = a.shape.slice(-2) as [number, number];
  const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  return { batch, m, n: b.shape.at(-1)!, k };
}

/** Whether {@link product} can sum up the rows of a matrix that it multiplies */
export function canSumRows(a: Tensor): boolean {
  return a.rank === 2 && sumsRows(operand(a, []), a.device.runtime.traits);
}

/**
 * One launch: a [..., m, k] · b [..., k, n], m to k at least 1, in a row-major `target`; the sums of
 * the rows of a in `rowSums` [m], where {@link canSumRows} allows it
 */
export function product(
  a: Tensor,
  b: Tensor,
  { target, add, finish, rowSums }: Destination & {
    readonly finish?: BoundEpilogue;
    readonly rowSums?: Tensor | undefined;
  },
): void {
  const { batch, m, n, k } = matmulSizes(a, b);
  const given = [a, b, ...(finish?.second ? [finish.second] : [])];
  const matrices = given.map(asMatrices);
  const strides = matrices.map((tensor) =>
    broadcastStrides(tensor.shape.slice(0, -2), tensor.strides.slice(0, -2), batch)
  );
  const layout = collapse(batch, strides);
  const [left, right, second] = matrices.map((tensor, i) => operand(tensor, layout.strides[i]!));
  const kernel = matmulKernel({
    m,
    n,
    k,
    batch: layout.shape,
    a: left!,
    b: right!,
    ...(second ? { second } : {}),
    c: { offset: target.offset, add },
    ...(finish ? { epilogue: finish.epilogue } : {}),
    rowSums: rowSums !== undefined,
  }, a.device.runtime.traits);
  launch(
    kernel,
    [...matrices, ...(finish?.tensors ?? [])],
    [target, ...(finish?.others ?? []), ...(rowSums ? [rowSums] : [])],
  );
  matrices.forEach((matrix, i) => matrix !== given[i] && matrix.dispose());
}

/** The tensor itself where one of the last two strides is 1, or else a copy */
function asMatrices(tensor: Tensor): Tensor {
  const [rows, columns] = tensor.shape.slice(-2) as [number, number];
  const [rowStride, columnStride] = tensor.strides.slice(-2) as [number, number];
  const usable = (stride: number, size: number) => stride === 1 || size === 1;
  const isExpanded = (rowStride === 0 && rows > 1) || (columnStride === 0 && columns > 1);
  return !isExpanded && (usable(columnStride, columns) || usable(rowStride, rows))
    ? tensor
    : copy(tensor);
}

function operand(tensor: Tensor, batch: readonly number[]): MatrixOperand {
  const [rows, columns] = tensor.shape.slice(-2) as [number, number];
  const [rowStride, columnStride] = tensor.strides.slice(-2) as [number, number];
  const transposed = !(columnStride === 1 || columns === 1) ||
    (columns === 1 && rowStride === 1 && rows > 1);
  // Where there is only one row or column, its stride means nothing: use a harmless one.
  const leading = transposed
    ? (columns === 1 ? rows : columnStride)
    : (rows === 1 ? columns : rowStride);
  return { offset: tensor.offset, leading, transposed, batch };
}
