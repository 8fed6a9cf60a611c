/**
 * The loop of forward passes and draws that writes text, all on the device: each pass takes the
 * token that the draw before it left in memory, and the host reads tokens a batch at a time.
 *
 * @module
 */

import { noGrad } from "./autograd.ts";
import { sample, type SampleOptions } from "./launch/sampling.ts";
import type { KvCache } from "./nn/kv_cache.ts";
import type { TransformerLM } from "./nn/transformer_lm.ts";
import { slice } from "./ops/views.ts";
import { Random } from "./random.ts";
import type { Tensor } from "./tensor.ts";

/** Most tokens of a batch */
export const MAX_BATCH = 16;

/** How tokens are drawn */
export interface DecoderOptions extends Omit<SampleOptions, "slot"> {
  /** Of the random numbers */
  readonly seed: number;
  /** Whether the logits of every token are read as well */
  readonly keepLogits: boolean;
}

/** A batch of tokens */
export interface DrawnTokens {
  readonly tokens: Int32Array;
  /** Logits that each token was drawn from; empty unless they are kept */
  readonly logits: readonly Float32Array[];
}

/** Writes one text */
export class Decoder {
  readonly #model: TransformerLM;
  readonly #options: DecoderOptions;
  readonly #random: Random;
  readonly #cache: KvCache;
  readonly #uniforms: Tensor; // [MAX_BATCH, 1]
  readonly #tokens: Tensor; // [MAX_BATCH, 1]
  #lastSlot = 0;

  /** Reserves memory for the model's whole context */
  constructor(model: TransformerLM, options: DecoderOptions) {
    const { device } = model;
    this.#model = model;
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#cache = model.createCache();
    [this.#uniforms, this.#tokens] = device.scopes.outside(() => [
      device.empty([MAX_BATCH, 1]),
      device.empty([MAX_BATCH, 1], { dtype: "i32" }),
    ]);
  }

  /** Tokens that can be drawn before the context is full */
  get room(): number {
    return this.#cache.room;
  }

  /**
   * Lets the device draw tokens, at most {@link MAX_BATCH}: those that follow the last one drawn, or,
   * where there are any, those that follow `text`, with nothing before it. Batches may be ordered
   * before earlier ones have arrived.
   */
  draw(count: number, text?: readonly number[]): Promise<DrawnTokens> {
    const { device } = this.#model;
    using uniforms = part(this.#uniforms, 0, count);
    uniforms.write(this.#random.fillUniform(new Float32Array(count)));
    if (text) this.#cache.reset();
    const logits: Tensor[] = [];
    for (let slot = 0; slot < count; slot++) {
      noGrad(() => {
        using _ = device.scope();
        const ids = text && slot === 0
          ? device.tensor(Int32Array.from(text), { shape: [1, text.length] })
          : this.#tokens.view({ shape: [1, 1], offset: this.#lastSlot });
        const next = this.#nextLogits(ids);
        const memory = { uniforms: this.#uniforms, tokens: this.#tokens };
        sample(next, memory, { ...this.#options, slot });
        if (this.#options.keepLogits) logits.push(next.keep());
      });
      this.#lastSlot = slot;
    }
    return this.#read(count, logits);
  }

  /** Logits of what follows the last of the tokens [1, T] */
  #nextLogits(ids: Tensor): Tensor {
    const x = this.#model.hidden(ids, { cache: this.#cache });
    const last = ids.shape[1] === 1 ? x : slice(x, { axis: 1, start: -1 });
    return this.#model.logits(last);
  }

  async #read(count: number, logits: readonly Tensor[]): Promise<DrawnTokens> {
    const drawn = part(this.#tokens, 0, count);
    try {
      const [tokens, ...kept] = await this.#model.device.readAll([drawn, ...logits]);
      return {
        tokens: new Int32Array(tokens!),
        logits: kept.map((bytes) => new Float32Array(bytes)),
      };
    } finally {
      for (const tensor of [drawn, ...logits]) tensor.dispose();
    }
  }

  /** Frees the memory */
  dispose(): void {
    this.#cache.dispose();
    this.#uniforms.dispose();
    this.#tokens.dispose();
  }

  /** Lets `using` free the memory */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A view of some rows; only the caller frees it */
function part(rows: Tensor, start: number, end: number): Tensor {
  const [, width = 1] = rows.shape;
  return rows.view({ shape: [end - start, width], offset: start * width }).keep();
}
