// Losses.

import { neg } from "./elementwise.ts";
import { at, build, full, type NdArray } from "./ndarray.ts";
import { sum } from "./reduce.ts";
import { logSoftmax } from "./softmax.ts";

/** Options of `crossEntropy`, with PyTorch's defaults. */
export interface CrossEntropyOptions {
  /** Rows with this target have no loss and do not count in the mean. */
  readonly ignoreIndex?: number;
  readonly reduction?: "mean" | "sum" | "none";
}

/** −log softmax(logits)[target] for logits [..., V] and targets [...]. */
export function crossEntropy(
  logits: NdArray,
  targets: NdArray,
  { ignoreIndex = -100, reduction = "mean" }: CrossEntropyOptions = {},
): NdArray {
  const logProbabilities = logSoftmax(logits);
  const counts = (index: readonly number[]) => at(targets, index) !== ignoreIndex;
  const losses = neg(build(
    targets.shape,
    (index) => counts(index) ? at(logProbabilities, [...index, at(targets, index)]) : 0,
  ));
  if (reduction === "none") return losses;
  const total = sum(losses).data[0]!;
  if (reduction === "sum") return full([], total);
  return full([], total / sum(build(targets.shape, (index) => counts(index) ? 1 : 0)).data[0]!);
}
