/**
 * The ops that tensors offer as methods. Declared here, below the ops, so that the class knows their
 * signatures; supplied by `ops/methods.ts`. Each is the function of the same name with the tensor
 * as its first argument.
 *
 * @module
 */

import type { Shape } from "./shape.ts";
import type { DType, Tensor } from "./tensor.ts";

/** A tensor, or a number that stands for a tensor full of it */
export type Operand = Tensor | number;

/** Which axes to reduce, and whether they stay with size 1 */
export interface ReduceOptions {
  /** One axis, several, or all when left out */
  axis?: number | readonly number[];
  /** Leaves reduced axes in place with size 1 */
  keepDims?: boolean;
}

/** Which part of an axis to take */
export interface SliceOptions {
  /** The axis; 0 unless said otherwise */
  axis?: number;
  /** First index; negative counts from the end */
  start?: number;
  /** First index no longer taken; negative counts from the end */
  end?: number;
  /** Takes every `step`-th; at least 1 */
  step?: number;
}

/** Methods of every tensor */
export interface TensorMethods {
  /**
   * Computes the gradients of this tensor with respect to every leaf that requires one, adds them
   * to the leaves' `grad` and frees the graph. Needs one element, or a gradient of the same shape.
   */
  backward(gradient?: Tensor): void;

  /** `this + other` */
  add(other: Operand): Tensor;
  /** `this - other` */
  sub(other: Operand): Tensor;
  /** `this · other`, element by element */
  mul(other: Operand): Tensor;
  /** `this / other` */
  div(other: Operand): Tensor;
  /** `this ** exponent` */
  pow(exponent: Operand): Tensor;
  /** The greater of two, element by element */
  maximum(other: Operand): Tensor;
  /** The lesser of two, element by element */
  minimum(other: Operand): Tensor;
  /** Values limited to [low, high] */
  clamp(bounds: { low?: number; high?: number }): Tensor;
  /** `-this` */
  neg(): Tensor;
  /** `e ** this` */
  exp(): Tensor;
  /** Natural logarithm */
  log(): Tensor;
  /** Square root */
  sqrt(): Tensor;
  /** `1 / sqrt(this)` */
  rsqrt(): Tensor;
  /** `this · this` */
  square(): Tensor;
  /** Absolute value */
  abs(): Tensor;
  /** Sine of radians */
  sin(): Tensor;
  /** Cosine of radians */
  cos(): Tensor;

  /** Hyperbolic tangent */
  tanh(): Tensor;
  /** `1 / (1 + exp(-this))` */
  sigmoid(): Tensor;
  /** `max(this, 0)` */
  relu(): Tensor;
  /** `this · sigmoid(this)` */
  silu(): Tensor;
  /** Gaussian error linear unit, exact or by tanh */
  gelu(options?: { approximate?: "none" | "tanh" }): Tensor;

  /** Mask of `this = other` */
  equal(other: Operand): Tensor;
  /** Mask of `this ≠ other` */
  notEqual(other: Operand): Tensor;
  /** Mask of `this < other` */
  less(other: Operand): Tensor;
  /** Mask of `this ≤ other` */
  lessEqual(other: Operand): Tensor;
  /** Mask of `this > other` */
  greater(other: Operand): Tensor;
  /** Mask of `this ≥ other` */
  greaterEqual(other: Operand): Tensor;
  /** `value` where the mask is true */
  maskedFill(mask: Tensor, value: number): Tensor;
  /** The values in another type; floats are cut towards zero */
  to(dtype: DType): Tensor;

  /** Sum over axes */
  sum(options?: ReduceOptions): Tensor;
  /** Mean over axes */
  mean(options?: ReduceOptions): Tensor;
  /** Greatest value over axes */
  max(options?: ReduceOptions): Tensor;
  /** Least value over axes */
  min(options?: ReduceOptions): Tensor;
  /** Index of the greatest value */
  argmax(options?: { axis?: number; keepDims?: boolean }): Tensor;
  /** Index of the least value */
  argmin(options?: { axis?: number; keepDims?: boolean }): Tensor;
  /** Variance over axes; unbiased unless `correction` is 0 */
  variance(options?: ReduceOptions & { correction?: number }): Tensor;
  /** Cumulative sum along an axis */
  cumsum(options: { axis: number }): Tensor;
  /** `log(Σ exp(this))` over axes */
  logsumexp(options?: ReduceOptions): Tensor;
  /** Euclidean norm over axes */
  norm(options?: ReduceOptions): Tensor;
  /** Softmax along an axis, the last unless said otherwise */
  softmax(options?: { axis?: number }): Tensor;
  /** Logarithm of softmax along an axis, the last unless said otherwise */
  logSoftmax(options?: { axis?: number }): Tensor;

  /** Matrix product, batched */
  matmul(other: Tensor): Tensor;

  /** The same elements under another shape; one size may be -1 */
  reshape(shape: Shape): Tensor;
  /** The elements in row-major memory */
  contiguous(): Tensor;
  /** Axes merged into one */
  flatten(options?: { start?: number; end?: number }): Tensor;
  /** Axes in another order */
  permute(order: readonly number[]): Tensor;
  /** Two axes exchanged; the last two unless said otherwise */
  transpose(axes?: readonly [number, number]): Tensor;
  /** Axes of size 1 repeated to fill a shape */
  expand(shape: Shape): Tensor;
  /** Without axes of size 1 */
  squeeze(axis?: number): Tensor;
  /** With a new axis of size 1 */
  unsqueeze(axis: number): Tensor;
  /** A part of one axis */
  slice(options: SliceOptions): Tensor;
  /** One index of an axis, which is gone from the result */
  select(options: { axis?: number; index: number }): Tensor;
  /** Pieces of an axis, of one size or of the given sizes */
  split(options: { axis?: number; size: number | readonly number[] }): Tensor[];
}
