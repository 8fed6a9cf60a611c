/**
 * Multi-head self-attention.
 *
 * @module
 */

import type { Device } from "../device.ts";
import { scaledDotProductAttention } from "../ops/attention.ts";
import { permute, reshape } from "../ops/views.ts";
import type { Tensor } from "../tensor.ts";
import { Initializer, type Seed } from "./init.ts";
import type { KvCache } from "./kv_cache.ts";
import { Linear } from "./linear.ts";
import { type Members, Module } from "./module.ts";
import type { RotaryEmbedding } from "./rotary_embedding.ts";

/** Options of {@link MultiHeadSelfAttention} */
export interface SelfAttentionOptions {
  /** Size of input and output */
  dModel: number;
  /** Number of heads */
  nHeads: number;
  /** Size of a head; dModel / nHeads unless said otherwise */
  dHead?: number;
  /** Whether the four projections have biases */
  bias?: boolean;
  /** Turns queries and keys by their positions; left out, heads see no positions */
  rotary?: RotaryEmbedding;
  /** Where the weights come from */
  seed: Seed;
}

/** Where in the text, and in the cache, an attention layer is called */
export interface AttentionCall {
  /** Keys and values of earlier positions */
  cache?: KvCache;
  /** The layer's number in the cache */
  layer?: number;
}

/** Causal multi-head self-attention (Vaswani et al. 2017): a position sees itself and earlier ones */
export class MultiHeadSelfAttention extends Module {
  /** Queries: dModel → nHeads · dHead */
  readonly qProj: Linear;
  /** Keys */
  readonly kProj: Linear;
  /** Values */
  readonly vProj: Linear;
  /** Back: nHeads · dHead → dModel */
  readonly outputProj: Linear;
  /** Number of heads */
  readonly nHeads: number;
  /** Size of a head */
  readonly dHead: number;
  readonly #rotary: RotaryEmbedding | undefined;

  /** Draws the weights in the order q, k, v, output */
  constructor(device: Device, options: SelfAttentionOptions) {
    super();
    const { dModel, nHeads, bias = false } = options;
    if (options.dHead === undefined && dModel % nHeads !== 0) {
      throw new RangeError(
        `Cannot split dModel ${dModel} among ${nHeads} heads: it must be divisible, or dHead given`,
      );
    }
    this.nHeads = nHeads;
    this.dHead = options.dHead ?? dModel / nHeads;
    this.#rotary = options.rotary;
    const inner = nHeads * this.dHead;
    const seed = Initializer.from(device, options.seed);
    const project = () =>
      new Linear(device, { inFeatures: dModel, outFeatures: inner, bias, seed });
    this.qProj = project();
    this.kProj = project();
    this.vProj = project();
    this.outputProj = new Linear(device, {
      inFeatures: inner,
      outFeatures: dModel,
      bias,
      seed,
      residual: true,
    });
  }

  /** The module's parts */
  protected override members(): Members {
    return {
      q_proj: this.qProj,
      k_proj: this.kProj,
      v_proj: this.vProj,
      output_proj: this.outputProj,
    };
  }

  /** [B, T, dModel] → [B, T, dModel] */
  forward(x: Tensor, call: AttentionCall = {}): Tensor {
    const { cache, layer = 0 } = call;
    const [batch = 1, positions = 1] = x.shape;
    using q = this.#heads(x, this.qProj, cache, true);
    using k = this.#heads(x, this.kProj, cache, true);
    using v = this.#heads(x, this.vProj, cache, false);
    using z = attend(q, k, v, cache && ((k, v) => cache.append(layer, k, v))); // [B, H, T, D]
    using byPosition = permute(z, [0, 2, 1, 3]); // [B, T, H, D]
    using merged = reshape(byPosition, [batch, positions, this.nHeads * this.dHead]);
    return this.outputProj.forward(merged);
  }

  /** [B, T, dModel] → [B, H, T, D], turned by position where asked */
  #heads(x: Tensor, projection: Linear, cache: KvCache | undefined, turned: boolean): Tensor {
    const [batch = 1, positions = 1] = x.shape;
    using projected = projection.forward(x);
    using split = reshape(projected, [batch, positions, this.nHeads, this.dHead]);
    const heads = permute(split, [0, 2, 1, 3]);
    if (!turned || !this.#rotary) return heads;
    using still = heads;
    return this.#rotary.forward(still, { firstPosition: cache?.length ?? 0 });
  }
}

/** Causal attention, through the cache where there is one */
function attend(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  append: ((k: Tensor, v: Tensor) => { keys: Tensor; values: Tensor }) | undefined,
): Tensor {
  if (!append) return scaledDotProductAttention(q, k, v, { causal: true });
  const all = append(k, v);
  using keys = all.keys, values = all.values;
  return scaledDotProductAttention(q, keys, values, { causal: true });
}
