/**
 * Text from a model, token by token.
 *
 * @module
 */

import { noGrad } from "./autograd.ts";
import { checkTokenRange } from "./data/token_source.ts";
import type { KvCache } from "./nn/kv_cache.ts";
import type { TransformerLM } from "./nn/transformer_lm.ts";
import { slice } from "./ops/views.ts";
import { Random } from "./random.ts";
import {
  candidates,
  checkSampling,
  draw,
  likeliest,
  type SamplingOptions,
  softmax,
  type TokenProbability,
} from "./sampling.ts";

/** Options of {@link generate} */
export interface GenerateOptions extends SamplingOptions {
  /** Tokens to go on from; at least one */
  prompt: ArrayLike<number>;
  /** Most tokens to generate; 256 */
  maxTokens?: number;
  /** The same seed gives the same text; 0 */
  seed?: number;
  /** Ends after one of these tokens, which is still yielded */
  stopTokens?: readonly number[];
  /** Told about every token before it is yielded, with so many of the likeliest alternatives */
  inspect?: { alternatives: number; onToken: (token: InspectedToken) => void };
  /** Ends before the next token */
  signal?: AbortSignal;
}

/** A generated token and what else could have been */
export interface InspectedToken extends TokenProbability {
  /** The likeliest tokens with the model's probabilities */
  alternatives: TokenProbability[];
}

/**
 * Generates tokens one by one, remembering keys and values of earlier positions. When the context is
 * full, the later half of it is read again and generation goes on from there.
 *
 * @throws {RangeError} if an option or a token of the prompt is out of range
 *
 * @example Four tokens from an untrained model
 * ```ts
 * import { generate, requestDevice, TransformerLM } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * using device = await requestDevice();
 * const config = { vocabSize: 11, contextLength: 8, dModel: 16, nLayers: 1, nHeads: 2 };
 * using model = new TransformerLM(device, config, { seed: 0 });
 * const tokens: number[] = [];
 * for await (const token of generate(model, { prompt: [1, 2, 3], maxTokens: 4, seed: 1 })) {
 *   tokens.push(token);
 * }
 * assertEquals(tokens.length, 4);
 * ```
 */
export async function* generate(
  model: TransformerLM,
  options: GenerateOptions,
): AsyncGenerator<number, void, void> {
  const { maxTokens = 256, seed = 0, stopTokens = [], inspect, signal } = options;
  checkSampling(options);
  checkTokenRange(options.prompt, model.config.vocabSize);
  if (options.prompt.length === 0) {
    throw new RangeError("Cannot generate from an empty prompt: needs at least one token");
  }
  const { contextLength } = model.config;
  const text = Array.from(options.prompt);
  const random = new Random(seed);
  const wasTraining = model.training;
  model.eval();
  using cache = model.createCache();
  try {
    let unread = text.slice(-contextLength);
    for (let count = 0; count < maxTokens && !signal?.aborted; count++) {
      if (cache.room < unread.length) {
        cache.reset();
        unread = text.slice(-Math.max(1, Math.floor(contextLength / 2)));
      }
      const logits = await nextLogits(model, unread, cache);
      const token = draw(candidates(logits, options), random.uniform());
      inspect?.onToken({
        token,
        probability: softmax(logits, 1)[token]!.probability,
        alternatives: likeliest(logits, inspect.alternatives),
      });
      text.push(token);
      unread = [token];
      yield token;
      if (stopTokens.includes(token)) return;
    }
  } finally {
    model.train(wasTraining);
  }
}

/** Feeds tokens to the model and reads the logits of what follows the last of them */
async function nextLogits(
  model: TransformerLM,
  tokens: readonly number[],
  cache: KvCache,
): Promise<Float32Array> {
  const { device } = model;
  const logits = noGrad(() => {
    using scope = device.scope();
    const ids = device.tensor(Int32Array.from(tokens), { shape: [1, tokens.length] });
    const x = model.hidden(ids, { cache });
    return scope.keep(model.logits(slice(x, { axis: 1, start: -1 })));
  });
  using result = logits;
  return await result.data();
}
