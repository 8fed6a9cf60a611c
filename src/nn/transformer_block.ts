/**
 * One block of a Transformer.
 *
 * @module
 */

import type { Device } from "../device.ts";
import { add } from "../ops/arithmetic.ts";
import type { Tensor } from "../tensor.ts";
import { type AttentionCall, MultiHeadSelfAttention } from "./attention.ts";
import type { TransformerConfig } from "./config.ts";
import type { Dropout } from "./dropout.ts";
import { FeedForward } from "./feed_forward.ts";
import type { Seed } from "./init.ts";
import { type Members, Module } from "./module.ts";
import { LayerNorm, RMSNorm } from "./norms.ts";
import type { RotaryEmbedding } from "./rotary_embedding.ts";

/** A layer that normalises, or none */
export type Norm = RMSNorm | LayerNorm | undefined;

/** The norm that a configuration asks for */
export function makeNorm(device: Device, config: TransformerConfig): Norm {
  const { dModel, normEps: eps, bias } = config;
  switch (config.norm) {
    case "rms":
      return new RMSNorm(device, { dModel, eps });
    case "layer":
      return new LayerNorm(device, { dModel, eps, bias });
    case "none":
      return undefined;
  }
}

/** What a block shares with the model around it */
export interface BlockOptions {
  /** The model's configuration */
  config: TransformerConfig;
  /** Where the weights come from */
  seed: Seed;
  /** Turns queries and keys */
  rotary?: RotaryEmbedding | undefined;
  /** Drops layer outputs in training */
  dropout?: Dropout | undefined;
}

/**
 * Attention and feed-forward, each added to the residual stream.
 *
 * Pre-norm: `x += attn(ln1(x)); x += ffn(ln2(x))`.
 * Post-norm: `x = ln1(x + attn(x)); x = ln2(x + ffn(x))`.
 */
export class TransformerBlock extends Module {
  /** Attention */
  readonly attn: MultiHeadSelfAttention;
  /** Feed-forward; undefined in attention-only models */
  readonly ffn: FeedForward | undefined;
  /** The attention's norm */
  readonly ln1: Norm;
  /** The feed-forward's norm */
  readonly ln2: Norm;
  readonly #dropout: Dropout | undefined;
  readonly #isPostNorm: boolean;

  /** Draws the weights of attention, then feed-forward */
  constructor(device: Device, options: BlockOptions) {
    super();
    const { config, seed, rotary } = options;
    const { dModel, nHeads, dHead, dFf, ffn, bias } = config;
    this.#isPostNorm = config.normPosition === "post";
    this.#dropout = options.dropout;
    this.attn = new MultiHeadSelfAttention(device, {
      dModel,
      nHeads,
      dHead,
      bias,
      seed,
      ...(rotary ? { rotary } : {}),
    });
    this.ffn = ffn === "none"
      ? undefined
      : new FeedForward(device, { dModel, dFf, activation: ffn, bias, seed });
    this.ln1 = makeNorm(device, config);
    this.ln2 = this.ffn && makeNorm(device, config);
  }

  /** The module's parts */
  protected override members(): Members {
    return { attn: this.attn, ln1: this.ln1, ln2: this.ln2, ffn: this.ffn };
  }

  /** [B, T, dModel] → [B, T, dModel] */
  forward(x: Tensor, call: AttentionCall = {}): Tensor {
    const afterAttention = this.#residual(x, this.ln1, (h) => this.attn.forward(h, call));
    const { ffn } = this;
    if (!ffn) return afterAttention;
    using middle = afterAttention;
    return this.#residual(middle, this.ln2, (h) => ffn.forward(h));
  }

  /** One layer with its norm, added to the residual stream */
  #residual(x: Tensor, norm: Norm, layer: (h: Tensor) => Tensor): Tensor {
    if (this.#isPostNorm) {
      using output = this.#drop(layer(x));
      const sum = add(x, output);
      if (!norm) return sum;
      using unscaled = sum;
      return norm.forward(unscaled);
    }
    using input = norm ? norm.forward(x) : x.view(x);
    using output = this.#drop(layer(norm ? input : x));
    return add(x, output);
  }

  #drop(x: Tensor): Tensor {
    if (!this.#dropout || !this.training) return x;
    using whole = x;
    return this.#dropout.forward(whole);
  }
}
