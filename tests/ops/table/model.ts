/** Norms, rotary embedding and losses. Attention has tests of its own. */

import { type Activation, feedForward } from "../../../src/ops/feed_forward.ts";
import { linear } from "../../../src/ops/linear.ts";
import { linearCrossEntropy } from "../../../src/ops/linear_cross_entropy.ts";
import { crossEntropy } from "../../../src/ops/losses.ts";
import { layerNorm, rmsNorm } from "../../../src/ops/norms.ts";
import { applyRotary, rotaryLinear, rotaryTable } from "../../../src/ops/rotary.ts";
import type { Tensor } from "../../../src/tensor.ts";
import * as reference from "../../reference/mod.ts";
import type { Domain, OpRow } from "../row.ts";

const VALUES: Domain = { low: -2, high: 2 };
const LOGITS: Domain = { low: -4, high: 4 };
const BELOW_7: Domain = { low: 0, high: 7, dtype: "i32" };

const ACTIVATIONS: Readonly<
  Record<Exclude<Activation, "swiglu">, (x: reference.NdArray) => reference.NdArray>
> = {
  relu: reference.relu,
  silu: reference.silu,
  gelu: reference.geluTanh,
};

/** Queries of some heads, in sequences that begin at a position */
interface Heads {
  readonly dimension: number;
  readonly firstPosition: number;
}

function rotatedRows(
  [x, weight, bias]: readonly [Tensor, Tensor, Tensor?],
  { dimension, firstPosition }: Heads,
): Tensor {
  const positions = firstPosition + x.shape.at(-2)! + 1;
  const table = rotaryTable(x.device, { positions, dimension });
  const result = rotaryLinear(x, weight, { table, firstPosition, bias });
  table.dispose();
  return result;
}

function referenceRotatedRows(
  [x, weight, bias]: readonly [reference.NdArray, reference.NdArray, reference.NdArray?],
  { dimension, firstPosition }: Heads,
): reference.NdArray {
  const rows = reference.linear(x, { weight, ...(bias && { bias }) });
  const length = x.shape.at(-2)!;
  const heads = reference.reshape(rows, [
    reference.sizeOf(x.shape.slice(0, -2)),
    ...[length, weight.shape[0]! / dimension, dimension],
  ]);
  const positions = reference.ndarray(
    [length],
    Array.from({ length }, (_, t) => firstPosition + t),
  );
  const turned = reference.rope(reference.permute(heads, [0, 2, 1, 3]), { positions });
  return reference.reshape(reference.permute(turned, [0, 2, 1, 3]), rows.shape);
}

function rotated(x: Tensor, theta?: number): Tensor {
  const [positions, dimension] = x.shape.slice(-2) as [number, number];
  const table = rotaryTable(x.device, { positions, dimension, ...(theta && { theta }) });
  const result = applyRotary(x, table);
  table.dispose();
  return result;
}

function linearLoss(
  x: reference.NdArray,
  weight: reference.NdArray,
  targets: reference.NdArray,
  options: { ignoreIndex?: number } = {},
): reference.NdArray {
  const logits = reference.matmul(x, reference.transpose(weight));
  return reference.crossEntropy(logits, targets, options);
}

export const MODEL: readonly OpRow[] = [
  {
    name: "rmsNorm",
    op: (x, weight) => rmsNorm(x, { weight }),
    oracle: (x, weight) => reference.rmsNorm(x, { weight }),
    shapes: [[[3, 8], [8]], [[5, 7], [7]], [[2, 3, 33], [33]], [[70, 4], [4]], [[0, 4], [4]]],
    hasVariants: true,
  },
  {
    name: "rmsNorm without weight",
    op: (x) => rmsNorm(x, { eps: 0.1 }),
    oracle: (x) => reference.rmsNorm(x, { eps: 0.1 }),
    shapes: [[[3, 8]], [[5, 1]], [[7]]],
    hasVariants: true,
  },
  {
    name: "layerNorm",
    op: (x, weight, bias) => layerNorm(x, { weight, bias }),
    oracle: (x, weight, bias) => reference.layerNorm(x, { weight, bias }),
    shapes: [
      [[3, 8], [8], [8]],
      [[5, 7], [7], [7]],
      [[2, 3, 33], [33], [33]],
      [[70, 4], [4], [4]],
    ],
    hasVariants: true,
  },
  {
    name: "layerNorm without bias",
    op: (x, weight) => layerNorm(x, { weight }),
    oracle: (x, weight) => reference.layerNorm(x, { weight }),
    shapes: [[[3, 8], [8]], [[5, 7], [7]]],
    hasVariants: true,
  },
  {
    name: "layerNorm without weight",
    op: (x) => layerNorm(x, { eps: 0.1 }),
    oracle: (x) => reference.layerNorm(x, { eps: 0.1 }),
    shapes: [[[3, 8]], [[7]]],
    hasVariants: true,
  },
  {
    name: "linear",
    op: (x, weight) => linear(x, weight),
    oracle: (x, weight) => reference.linear(x, { weight: weight }),
    shapes: [[[3, 4], [8, 4]], [[2, 5, 7], [9, 7]], [[4], [6, 4]], [[0, 4], [8, 4]]],
    hasVariants: true,
  },
  {
    name: "linear with bias and residual",
    op: (x, weight, bias, residual) => linear(x, weight, { bias, residual }),
    oracle: (x, weight, bias, residual) =>
      reference.add(reference.linear(x, { weight: weight, bias: bias }), residual),
    shapes: [
      [[3, 4], [8, 4], [8], [3, 8]],
      [[2, 5, 7], [33, 7], [33], [2, 5, 33]],
      [[1, 4], [9, 4], [9], [1, 9]],
      [[3, 0], [4, 0], [4], [3, 4]],
    ],
    hasVariants: true,
  },
  ...(["relu", "silu", "gelu"] as const).map((activation): OpRow => ({
    name: `feedForward with ${activation}, biases and residual`,
    op: (x, w1, b1, w2, b2, residual) =>
      feedForward(x, { w1, b1, w2, b2 }, { activation, residual }),
    oracle: (x, w1, b1, w2, b2, residual) => {
      const inner = ACTIVATIONS[activation](reference.linear(x, { weight: w1, bias: b1 }));
      return reference.add(reference.linear(inner, { weight: w2, bias: b2 }), residual);
    },
    shapes: [
      [[3, 4], [8, 4], [8], [4, 8], [4], [3, 4]],
      [[2, 3, 5], [7, 5], [7], [6, 7], [6], [2, 3, 6]],
    ],
    hasVariants: true,
  })),
  {
    name: "feedForward with SwiGLU",
    op: (x, w1, w2, w3) => feedForward(x, { w1, w2, w3 }, { activation: "swiglu" }),
    oracle: (x, w1, w2, w3) => {
      const gate = reference.silu(reference.linear(x, { weight: w1 }));
      return reference.linear(reference.mul(gate, reference.linear(x, { weight: w3 })), {
        weight: w2,
      });
    },
    shapes: [[[3, 4], [8, 4], [4, 8], [8, 4]], [[2, 3, 5], [7, 5], [6, 7], [7, 5]]],
    hasVariants: true,
  },
  {
    name: "feedForward with SwiGLU, biases and residual",
    op: (x, w1, b1, w2, b2, w3, b3, residual) =>
      feedForward(x, { w1, b1, w2, b2, w3, b3 }, { activation: "swiglu", residual }),
    oracle: (x, w1, b1, w2, b2, w3, b3, residual) => {
      const gate = reference.silu(reference.linear(x, { weight: w1, bias: b1 }));
      const up = reference.linear(x, { weight: w3, bias: b3 });
      const product = reference.linear(reference.mul(gate, up), { weight: w2, bias: b2 });
      return reference.add(product, residual);
    },
    shapes: [
      [[3, 4], [8, 4], [8], [4, 8], [4], [8, 4], [8], [3, 4]],
      [[2, 3, 5], [7, 5], [7], [6, 7], [6], [7, 5], [7], [2, 3, 6]],
      [[1, 4], [8, 4], [8], [4, 8], [4], [8, 4], [8], [1, 4]],
    ],
    hasVariants: true,
  },
  {
    name: "applyRotary",
    op: (x) => rotated(x),
    oracle: (x) => reference.rope(x),
    shapes: [[[3, 4]], [[2, 5, 6]], [[2, 3, 4, 8]], [[1, 2]], [[0, 3, 4]]],
    domains: [VALUES],
  },
  {
    name: "applyRotary with another theta",
    op: (x) => rotated(x, 100),
    oracle: (x) => reference.rope(x, { theta: 100 }),
    shapes: [[[2, 9, 8]]],
    domains: [VALUES],
  },
  ...[2, 4, 6, 8].map((dimension): OpRow => ({
    name: `rotaryLinear with heads of ${dimension}`,
    op: (x, weight) => rotatedRows([x!, weight!], { dimension, firstPosition: 0 }),
    oracle: (x, weight) => referenceRotatedRows([x, weight], { dimension, firstPosition: 0 }),
    shapes: [
      [[5, 3], [dimension, 3]],
      [[2, 5, 3], [3 * dimension, 3]],
      [[2, 2, 4, 8], [2 * dimension, 8]],
      [[1, 1, 4], [dimension, 4]],
      [[0, 3, 4], [dimension, 4]],
      [[2, 0, 4], [dimension, 4]],
    ],
    hasVariants: true,
  })),
  {
    name: "rotaryLinear with bias from a later position on",
    op: (x, weight, bias) => rotatedRows([x!, weight!, bias!], { dimension: 4, firstPosition: 9 }),
    oracle: (x, weight, bias) =>
      referenceRotatedRows([x, weight, bias], { dimension: 4, firstPosition: 9 }),
    shapes: [[[7, 5], [4, 5], [4]], [[3, 5, 8], [12, 8], [12]], [[2, 1, 8], [8, 8], [8]]],
    hasVariants: true,
  },
  {
    name: "crossEntropy",
    op: (logits, targets) => crossEntropy(logits, targets),
    oracle: (logits, targets) => reference.crossEntropy(logits, targets),
    shapes: [[[3, 8], [3]], [[2, 5, 7], [2, 5]], [[33], []], [[4, 130], [4]]],
    domains: [LOGITS, BELOW_7],
    hasVariants: true,
  },
  {
    name: "crossEntropy with ignored targets",
    op: (logits, targets) => crossEntropy(logits, targets, { ignoreIndex: 2 }),
    oracle: (logits, targets) => reference.crossEntropy(logits, targets, { ignoreIndex: 2 }),
    shapes: [[[20, 8], [20]]],
    domains: [LOGITS, BELOW_7],
  },
  {
    name: "crossEntropy summed",
    op: (logits, targets) => crossEntropy(logits, targets, { reduction: "sum" }),
    oracle: (logits, targets) => reference.crossEntropy(logits, targets, { reduction: "sum" }),
    shapes: [[[3, 8], [3]]],
    domains: [LOGITS, BELOW_7],
  },
  {
    name: "crossEntropy of each target",
    op: (logits, targets) => crossEntropy(logits, targets, { reduction: "none" }),
    oracle: (logits, targets) => reference.crossEntropy(logits, targets, { reduction: "none" }),
    shapes: [[[3, 8], [3]], [[2, 3, 7], [2, 3]], [[0, 8], [0]]],
    domains: [LOGITS, BELOW_7],
    hasVariants: true,
  },
  {
    name: "linearCrossEntropy in chunks",
    op: (x, weight, targets) => linearCrossEntropy(x, weight, targets, { chunkRows: 2 }),
    oracle: (x, weight, targets) => linearLoss(x, weight, targets),
    shapes: [[[5, 3], [8, 3], [5]], [[2, 4, 4], [9, 4], [2, 4]], [[1, 2], [7, 2], [1]]],
    domains: [VALUES, VALUES, BELOW_7],
    hasVariants: true,
  },
  {
    name: "linearCrossEntropy with ignored targets",
    op: (x, weight, targets) =>
      linearCrossEntropy(x, weight, targets, { chunkRows: 8, ignoreIndex: 2 }),
    oracle: (x, weight, targets) => linearLoss(x, weight, targets, { ignoreIndex: 2 }),
    shapes: [[[20, 4], [8, 4], [20]]],
    domains: [VALUES, VALUES, BELOW_7],
  },
];
