/**
 * How well a model predicts a text.
 *
 * @module
 */

import { noGrad } from "../autograd.ts";
import { type Batch, sequentialBatches, type SequentialBatchesOptions } from "../data/batches.ts";
import { checkTokenRange, sliceTokens, type TokenSource } from "../data/token_source.ts";
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
  /** Told after each batch how many tokens have been predicted; waits for the device each time */
  onProgress?: (tokens: number) => void;
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
  const { data, maxBatches, includeRemainder = false, batchSize = 16, onProgress } = options;
  const { device, config: { vocabSize } } = model;
  const contextLength = options.contextLength ?? model.config.contextLength;
  const wasTraining = model.training;
  model.eval();
  const sums: Tensor[] = [];
  let tokens = 0;
  try {
    const batches = spread(data, { batchSize, contextLength, includeRemainder }, maxBatches);
    for (const batch of batches) {
      checkTokenRange(batch.inputs, vocabSize);
      checkTokenRange(batch.targets, vocabSize);
      sums.push(summedLoss(model, batch));
      tokens += batch.inputs.length;
      if (!onProgress) continue;
      await device.finish();
      onProgress(tokens);
    }
    // Added up in double precision: over a long text single precision would lose digits.
    const parts = (await device.readAll(sums)).map((bytes) => new Float32Array(bytes)[0]!);
    const loss = parts.reduce((total, part) => total + part, 0) / tokens;
    return { loss, perplexity: Math.exp(loss), tokens };
  } finally {
    for (const sum of sums) sum.dispose();
    model.train(wasTraining);
  }
}

/** Sum of the losses of a batch; the caller disposes it */
function summedLoss(model: TransformerLM, batch: Batch): Tensor {
  const { device } = model;
  using scope = device.scope();
  const shape = [batch.batchSize, batch.contextLength];
  const tokens = device.tensor(batch.inputs, { shape });
  const targets = device.tensor(batch.targets, { shape });
  return scope.keep(noGrad(() => model.loss(tokens, targets, { reduction: "sum" })));
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
