/** Sums, extremes, statistics and softmax over all kinds of axes. */

import * as ops from "../../../src/ops/reductions.ts";
import { logSoftmax, softmax } from "../../../src/ops/softmax.ts";
import type { Shape } from "../../../src/shape.ts";
import type { Tensor } from "../../../src/tensor.ts";
import type { ReduceOptions } from "../../../src/tensor_methods.ts";
import * as reference from "../../reference/mod.ts";
import type { NdArray } from "../../reference/mod.ts";
import type { Domain, OpRow } from "../row.ts";

/** An op over axes: in the table once for each way to name axes */
interface Reduction {
  readonly name: string;
  readonly op: (x: Tensor, options: ReduceOptions) => Tensor;
  readonly oracle: (
    x: NdArray,
    options: { axes?: number | number[]; keepDims?: boolean },
  ) => NdArray;
  readonly domain?: Domain;
  /** Whether no elements are fine */
  readonly allowsEmpty?: boolean;
}

const DISTINCT: Domain = { low: 0, high: 0, distinct: true };

const KINDS: readonly Reduction[] = [
  { name: "sum", op: ops.sum, oracle: reference.sum, allowsEmpty: true },
  { name: "mean", op: ops.mean, oracle: reference.mean },
  { name: "max", op: ops.max, oracle: reference.max, domain: DISTINCT },
  { name: "min", op: ops.min, oracle: reference.min, domain: DISTINCT },
  { name: "variance", op: ops.variance, oracle: reference.variance },
  {
    name: "variance without correction",
    op: (x, options) => ops.variance(x, { ...options, correction: 0 }),
    oracle: (x, options) => reference.variance(x, { ...options, correction: 0 }),
  },
  { name: "logsumexp", op: ops.logsumexp, oracle: reference.logsumexp },
  { name: "norm", op: ops.norm, oracle: reference.norm, allowsEmpty: true },
];

/** Ways to name axes, and shapes to name them in */
const WAYS: readonly (readonly [title: string, ReduceOptions, readonly Shape[]])[] = [
  ["all axes", {}, [[4, 8], [7], [131]]],
  ["the last axis", { axis: -1, keepDims: true }, [[3, 33], [2, 3, 130]]],
  ["the first axis", { axis: 0 }, [[33, 3], [65, 4]]],
  ["axes around another", { axis: [0, 2] }, [[3, 5, 7]]],
  ["an axis between others", { axis: 1, keepDims: true }, [[2, 7, 3]]],
];

function rowsOf(kind: Reduction): OpRow[] {
  return WAYS.map(([title, options, shapes]) => {
    const { axis, ...rest } = options;
    const axes = typeof axis === "number" ? axis : axis && [...axis];
    const empty: Shape[] = kind.allowsEmpty && axis === 0 ? [[0, 3], [3, 0]] : [];
    return {
      name: `${kind.name} over ${title}`,
      op: (x) => kind.op(x, options),
      oracle: (x) => kind.oracle(x, axes === undefined ? rest : { ...rest, axes }),
      shapes: [...shapes, ...empty].map((shape) => [shape]),
      ...(kind.domain && { domains: [kind.domain] }),
      hasVariants: true,
    };
  });
}

const ALONG_LAST: readonly (readonly Shape[])[] = [
  [[3, 33]],
  [[4, 64]],
  [[7]],
  [[5, 1]],
  [[2, 3, 130]],
  [[0, 4]],
  [[4, 0]],
];

export const REDUCTIONS: readonly OpRow[] = [
  ...KINDS.flatMap(rowsOf),
  {
    name: "sum of a scalar",
    op: (x) => ops.sum(x),
    oracle: (x) => reference.sum(x),
    shapes: [[[]], [[1, 1]]],
  },
  {
    name: "cumsum along the last axis",
    op: (x) => ops.cumsum(x, { axis: -1 }),
    oracle: (x) => reference.cumsum(x, { axis: -1 }),
    shapes: [[[3, 33]], [[7]], [[2, 300]], [[0, 3]], [[3, 0]]],
  },
  {
    name: "cumsum along the first axis",
    op: (x) => ops.cumsum(x, { axis: 0 }),
    oracle: (x) => reference.cumsum(x, { axis: 0 }),
    shapes: [[[33, 3]], [[5, 2, 3]]],
  },
  {
    name: "softmax",
    op: (x) => softmax(x),
    oracle: (x) => reference.softmax(x),
    shapes: ALONG_LAST,
    domains: [{ low: -6, high: 6 }],
    hasVariants: true,
  },
  {
    name: "softmax along another axis",
    op: (x) => softmax(x, { axis: 1 }),
    oracle: (x) => reference.softmax(x, { axis: 1 }),
    shapes: [[[2, 7, 3]], [[3, 64, 1]]],
    domains: [{ low: -6, high: 6 }],
    hasVariants: true,
  },
  {
    name: "logSoftmax",
    op: (x) => logSoftmax(x),
    oracle: (x) => reference.logSoftmax(x),
    shapes: ALONG_LAST,
    domains: [{ low: -6, high: 6 }],
    hasVariants: true,
  },
  {
    name: "logSoftmax along another axis",
    op: (x) => logSoftmax(x, { axis: 0 }),
    oracle: (x) => reference.logSoftmax(x, { axis: 0 }),
    shapes: [[[7, 3]], [[64, 5]]],
    domains: [{ low: -6, high: 6 }],
    hasVariants: true,
  },
];
