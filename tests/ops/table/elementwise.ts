/** Arithmetic, activations and choices. */

import * as activations from "../../../src/ops/activations.ts";
import * as arithmetic from "../../../src/ops/arithmetic.ts";
import * as comparisons from "../../../src/ops/comparisons.ts";
import type { Shape } from "../../../src/shape.ts";
import * as reference from "../../reference/mod.ts";
import type { OpRow } from "../row.ts";

/** Whole vectors of four, single elements, a scalar and nothing; matrices come first for views */
const ONE: readonly (readonly Shape[])[] = [[[3, 8]], [[7]], [[]], [[2, 0, 3]]];

/** Equal shapes, a row, a column, an outer product, a scalar, new axes, nothing */
const TWO: readonly (readonly Shape[])[] = [
  [[4, 8], [4, 8]],
  [[3, 5], [3, 5]],
  [[4, 8], [8]],
  [[4, 1], [4, 8]],
  [[3, 1], [1, 5]],
  [[], [5]],
  [[2, 1, 4], [3, 1]],
  [[0, 3], [1, 3]],
  [[], []],
];

/** The generator of kernels is the same for all ops: few of them need every shape */
const TWO_BRIEFLY = [TWO[0]!, TWO[2]!, TWO[6]!];

const POSITIVE = [{ low: 0.25, high: 4 }];
const KINK_AT_0 = [{ low: -3, high: 3, avoid: [0] }];
const WIDE = [{ low: -6, high: 6 }];

export const ELEMENTWISE: readonly OpRow[] = [
  { name: "add", op: arithmetic.add, oracle: reference.add, shapes: TWO },
  { name: "sub", op: arithmetic.sub, oracle: reference.sub, shapes: TWO_BRIEFLY },
  { name: "mul", op: arithmetic.mul, oracle: reference.mul, shapes: TWO },
  {
    name: "div",
    op: arithmetic.div,
    oracle: reference.div,
    shapes: TWO_BRIEFLY,
    domains: [{ low: -2, high: 2 }, { low: 0.5, high: 3 }],
  },
  {
    name: "pow",
    op: arithmetic.pow,
    oracle: reference.pow,
    shapes: TWO_BRIEFLY,
    domains: [{ low: 0.25, high: 3 }, { low: -2, high: 3 }],
  },
  {
    name: "pow with a whole exponent",
    op: (x) => arithmetic.pow(x, 3),
    oracle: (x) => reference.pow(x, reference.full([], 3)),
    shapes: ONE,
  },
  {
    name: "pow with a fractional exponent",
    op: (x) => arithmetic.pow(x, -1.5),
    oracle: (x) => reference.pow(x, reference.full([], -1.5)),
    shapes: ONE,
    domains: POSITIVE,
  },
  {
    name: "pow of a number",
    op: (x) => arithmetic.pow(2, x),
    oracle: (x) => reference.pow(reference.full([], 2), x),
    shapes: ONE,
  },
  {
    name: "sub from a number",
    op: (x) => arithmetic.sub(1.5, x),
    oracle: (x) => reference.sub(reference.full([], 1.5), x),
    shapes: ONE,
  },
  {
    name: "div of a number",
    op: (x) => arithmetic.div(1.5, x),
    oracle: (x) => reference.div(reference.full([], 1.5), x),
    shapes: ONE,
    domains: POSITIVE,
  },
  {
    name: "maximum",
    op: arithmetic.maximum,
    oracle: reference.maximum,
    shapes: TWO_BRIEFLY,
    domains: [{ low: 0, high: 0, distinct: true }],
  },
  {
    name: "minimum",
    op: arithmetic.minimum,
    oracle: reference.minimum,
    shapes: TWO_BRIEFLY,
    domains: [{ low: 0, high: 0, distinct: true }],
  },
  {
    name: "clamp",
    op: (x) => arithmetic.clamp(x, { low: -1, high: 0.5 }),
    oracle: (x) => reference.clamp(x, { low: -1, high: 0.5 }),
    shapes: ONE,
    domains: [{ low: -2, high: 2, avoid: [-1, 0.5] }],
  },
  {
    name: "clamp from below",
    op: (x) => arithmetic.clamp(x, { low: -1 }),
    oracle: (x) => reference.clamp(x, { low: -1 }),
    shapes: ONE,
    domains: [{ low: -2, high: 2, avoid: [-1] }],
  },
  { name: "neg", op: arithmetic.neg, oracle: reference.neg, shapes: ONE },
  { name: "exp", op: arithmetic.exp, oracle: reference.exp, shapes: ONE },
  {
    name: "log",
    op: arithmetic.log,
    oracle: reference.log,
    shapes: ONE,
    domains: POSITIVE,
  },
  {
    name: "sqrt",
    op: arithmetic.sqrt,
    oracle: reference.sqrt,
    shapes: ONE,
    domains: POSITIVE,
  },
  {
    name: "rsqrt",
    op: arithmetic.rsqrt,
    oracle: reference.rsqrt,
    shapes: ONE,
    domains: POSITIVE,
  },
  {
    name: "square",
    op: arithmetic.square,
    oracle: (x) => reference.map(x, (value) => value * value),
    shapes: ONE,
  },
  {
    name: "abs",
    op: arithmetic.abs,
    oracle: reference.abs,
    shapes: ONE,
    domains: KINK_AT_0,
  },
  {
    name: "sin",
    op: arithmetic.sin,
    oracle: (x) => reference.map(x, Math.sin),
    shapes: ONE,
    domains: WIDE,
  },
  {
    name: "cos",
    op: arithmetic.cos,
    oracle: (x) => reference.map(x, Math.cos),
    shapes: ONE,
    domains: WIDE,
  },

  { name: "tanh", op: activations.tanh, oracle: reference.tanh, shapes: ONE },
  {
    name: "tanh near 0",
    op: activations.tanh,
    oracle: reference.tanh,
    shapes: [[[5, 13]]],
    domains: [{ low: -0.2, high: 0.2 }],
  },
  {
    name: "sigmoid",
    op: activations.sigmoid,
    oracle: reference.sigmoid,
    shapes: ONE,
    domains: WIDE,
  },
  { name: "relu", op: activations.relu, oracle: reference.relu, shapes: ONE, domains: KINK_AT_0 },
  { name: "silu", op: activations.silu, oracle: reference.silu, shapes: ONE, domains: WIDE },
  {
    name: "gelu",
    op: (x) => activations.gelu(x),
    oracle: reference.geluErf,
    shapes: [...ONE, [[301]]],
    domains: WIDE,
  },
  {
    name: "gelu by tanh",
    op: (x) => activations.gelu(x, { approximate: "tanh" }),
    oracle: reference.geluTanh,
    shapes: ONE,
    domains: WIDE,
  },
  {
    name: "swiglu",
    op: activations.swiglu,
    oracle: (gate, up) => reference.mul(reference.silu(gate), up),
    shapes: TWO_BRIEFLY,
    domains: WIDE,
  },

  {
    name: "where",
    op: comparisons.where,
    oracle: reference.where,
    shapes: [[[4, 8], [4, 8], [4, 8]], [[5], [3, 5], [3, 1]], [[2, 1], [], [2, 0]]],
    domains: [{ low: 0, high: 2, dtype: "bool" }, { low: -2, high: 2 }],
  },
  {
    name: "where between a tensor and a number",
    op: (mask, x) => comparisons.where(mask, 0.5, x),
    oracle: (mask, x) => reference.where(mask, reference.full([], 0.5), x),
    shapes: [[[4, 8], [4, 8]], [[3, 5], [5]]],
    domains: [{ low: 0, high: 2, dtype: "bool" }, { low: -2, high: 2 }],
  },
  {
    name: "maskedFill",
    op: (x, mask) => comparisons.maskedFill(x, mask, -7),
    oracle: (x, mask) => reference.maskedFill(x, mask, { value: -7 }),
    shapes: [[[4, 8], [8]], [[3, 5], [3, 5]]],
    domains: [{ low: -2, high: 2 }, { low: 0, high: 2, dtype: "bool" }],
  },
  {
    name: "to f32",
    op: (x) => comparisons.to(x, "f32"),
    oracle: (x) => x,
    shapes: ONE,
  },
];
