/**
 * How well a model predicts a text.
 *
 * @module
 */

import { noGrad } from "../autograd.ts";
import { type Batch, sequentialBatches, type SequentialBatchesOptions } from "../data/batches.ts";
import { checkTokenRange, sliceTokens, type TokenSource } from "../data/token_source.ts";
import { accumulate } from "../launch/accumulate.ts";
import type { TransformerLM } from "../nn/transformer_lm.ts";
import type { Tensor } from "../tensor.ts";

/** Options of {@link evaluate} */
export interface EvaluateOptions {
  /** The text's tokens */
  data: TokenSource;
  /** Sequences side by side; 16 */
  batchSize?: number;
  /** Tokens a sequence; the model's context length */
  contextLength?: number;
  /** Most batches, spread evenly over the text; the whole text unless said otherwise */
  maxBatches?: number;
  /** Also counts the tokens at the end that do not fill a sequence; false */
  includeRemainder?: boolean;
}

/** What {@link evaluate} finds */
export interface Evaluation {
  /** Mean cross-entropy in nats per token */
  loss: number;
  /** `exp(loss)`: as uncertain as a fair choice among so many tokens */
  perplexity: number;
  /** Number of tokens predicted */
  tokens: number;
}

/**
 * Mean loss over a text, cut into sequences that do not overlap. Dropout is off meanwhile.
 *
 * @throws {RangeError} if the text is shorter than one sequence and one token, or has tokens that
 * are not in the model's vocabulary
 */
export async function evaluate(
  model: TransformerLM,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const { data, maxBatches, includeRemainder = false, batchSize = 16 } = options;
  const { device, config: { vocabSize } } = model;
  const contextLength = options.contextLength ?? model.config.contextLength;
  const wasTraining = model.training;
  model.eval();
  let total: Tensor | undefined;
  let tokens = 0;
  try {
    const batches = spread(data, { batchSize, contextLength, includeRemainder }, maxBatches);
    for (const { batchSize: rows, contextLength: columns, inputs, targets } of batches) {
      checkTokenRange(inputs, vocabSize);
      checkTokenRange(targets, vocabSize);
      using scope = device.scope();
      const shape = [rows, columns];
      const sum = noGrad(() =>
        model.loss(device.tensor(inputs, { shape }), device.tensor(targets, { shape }), {
          reduction: "sum",
        })
      );
      total = scope.keep(total ? accumulate(total, sum) : sum);
      tokens += inputs.length;
    }
    const loss = total ? await total.item() / tokens : NaN;
    return { loss, perplexity: Math.exp(loss), tokens };
  } finally {
    total?.dispose();
    model.train(wasTraining);
  }
}

/** All batches of a text, or `maxBatches` of them: the first of each of so many equal parts */
function* spread(
  data: TokenSource,
  options: SequentialBatchesOptions,
  maxBatches = Infinity,
): Generator<Batch> {
  const partLength = Math.floor(data.length / maxBatches);
  if (partLength <= options.batchSize * options.contextLength) {
    yield* sequentialBatches(data, { ...options, maxBatches });
    return;
  }
  for (let part = 0; part < maxBatches; part++) {
    const source = sliceTokens(data, part * partLength, (part + 1) * partLength);
    yield* sequentialBatches(source, { ...options, maxBatches: 1 });
  }
}
