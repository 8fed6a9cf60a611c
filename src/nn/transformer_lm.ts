/**
 * The Transformer language model.
 *
 * @module
 */

import type { Device } from "../device.ts";
import { add } from "../ops/arithmetic.ts";
import { embedding, oneHot } from "../ops/indexing.ts";
import { linearCrossEntropy } from "../ops/linear_cross_entropy.ts";
import { crossEntropy } from "../ops/losses.ts";
import { matmul } from "../ops/matmul.ts";
import { transpose } from "../ops/views.ts";
import { foldSeed } from "../random.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { type PartialConfig, resolveConfig, type TransformerConfig } from "./config.ts";
import { Dropout } from "./dropout.ts";
import { Embedding } from "./embedding.ts";
import { Initializer } from "./init.ts";
import { KvCache } from "./kv_cache.ts";
import { Linear } from "./linear.ts";
import { type Members, Module } from "./module.ts";
import { RotaryEmbedding } from "./rotary_embedding.ts";
import { makeNorm, type Norm, TransformerBlock } from "./transformer_block.ts";

/**
 * A Transformer language model: the CS336 model, GPT-2, and whatever else {@link TransformerConfig}
 * describes.
 *
 * @example Logits of two sequences
 * ```ts
 * import { requestDevice, TransformerLM } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * using device = await requestDevice();
 * const model = new TransformerLM(
 *   device,
 *   { vocabSize: 50, contextLength: 8, dModel: 16, nLayers: 1, nHeads: 2 },
 *   { seed: 0 },
 * );
 * const tokens = device.tensor(new Int32Array(16), { shape: [2, 8] });
 * assertEquals(model.forward(tokens).shape, [2, 8, 50]);
 * ```
 */
export class TransformerLM extends Module {
  /** Where the model lives */
  readonly device: Device;
  /** The complete configuration */
  readonly config: TransformerConfig;
  /** Token embedding; undefined where tokens enter as unit vectors */
  readonly tokenEmbeddings: Embedding | undefined;
  /** Learned positions */
  readonly positionEmbeddings: Embedding | undefined;
  /** The blocks */
  readonly layers: readonly TransformerBlock[];
  /** Norm before the output layer */
  readonly lnFinal: Norm;
  /** Output layer; undefined where tied or one-hot */
  readonly lmHead: Linear | undefined;
  /** Bias of a tied output layer */
  readonly lmHeadBias: Tensor | undefined;
  readonly #rotary: RotaryEmbedding | undefined;
  readonly #dropout: Dropout | undefined;

  /**
   * Draws all parameters; the same seed gives the same model on every adapter.
   *
   * @throws {RangeError} if the configuration contradicts itself
   */
  constructor(device: Device, config: PartialConfig, options: { seed: number }) {
    super();
    this.device = device;
    this.config = resolveConfig(config);
    const { vocabSize, contextLength, dModel, nLayers, dHead, ropeTheta } = this.config;
    const { position, embedding, tieEmbeddings, unembedBias, dropout } = this.config;
    const isOneHot = embedding === "one-hot";
    const seed = new Initializer(device, {
      seed: options.seed,
      scheme: this.config.init,
      layers: nLayers,
    });
    this.tokenEmbeddings = isOneHot
      ? undefined
      : new Embedding(device, { numEmbeddings: vocabSize, embeddingDim: dModel, seed });
    this.positionEmbeddings = position === "learned"
      ? new Embedding(device, { numEmbeddings: contextLength, embeddingDim: dModel, seed })
      : undefined;
    this.#rotary = position === "rope"
      ? new RotaryEmbedding(device, { dHead, contextLength, theta: ropeTheta })
      : undefined;
    this.#dropout = dropout > 0
      ? new Dropout(device, { probability: dropout, seed: foldSeed(options.seed, 0x64726f70) })
      : undefined;
    this.layers = Array.from({ length: nLayers }, () =>
      new TransformerBlock(device, {
        config: this.config,
        seed,
        rotary: this.#rotary,
        dropout: this.#dropout,
      }));
    this.lnFinal = makeNorm(device, this.config);
    this.lmHead = isOneHot || tieEmbeddings
      ? undefined
      : new Linear(device, { inFeatures: dModel, outFeatures: vocabSize, bias: unembedBias, seed });
    this.lmHeadBias = tieEmbeddings && unembedBias ? seed.zeros([vocabSize]) : undefined;
  }

  /** The module's parts */
  protected override members(): Members {
    return {
      token_embeddings: this.tokenEmbeddings,
      position_embeddings: this.positionEmbeddings,
      layers: this.layers,
      ln_final: this.lnFinal,
      lm_head: this.lmHead,
      "lm_head.bias": this.lmHeadBias,
    };
  }

  /**
   * Logits of the next token at every position: tokens [B, T] of type i32 → [B, T, vocabSize].
   * With a cache, the tokens follow those that the cache holds, and join them.
   *
   * @throws {TypeError} if tokens are not [B, T] of type i32
   * @throws {RangeError} if the sequence is longer than the model's context
   */
  forward(tokens: Tensor, options: { cache?: KvCache } = {}): Tensor {
    using x = this.hidden(tokens, options);
    return this.logits(x);
  }

  /** The residual stream before the final norm: tokens [B, T] → [B, T, dModel] */
  hidden(tokens: Tensor, options: { cache?: KvCache } = {}): Tensor {
    const { cache } = options;
    this.#check(tokens, cache);
    let x = this.#embed(tokens, cache?.length ?? 0);
    for (const [layer, block] of this.layers.entries()) {
      using input = x;
      x = block.forward(input, cache ? { cache, layer } : {});
    }
    cache?.advance(tokens.shape[1]!);
    return x;
  }

  /** Final norm and output layer: [..., dModel] → [..., vocabSize] */
  logits(x: Tensor): Tensor {
    using normed = this.lnFinal ? this.lnFinal.forward(x) : x.view(x);
    const h = this.lnFinal ? normed : x;
    if (this.lmHead) return this.lmHead.forward(h);
    if (!this.tokenEmbeddings) return add(h, 0);
    using columns = transpose(this.tokenEmbeddings.weight);
    if (!this.lmHeadBias) return matmul(h, columns);
    using product = matmul(h, columns);
    return add(product, this.lmHeadBias);
  }

  /**
   * Mean cross-entropy of predicting `targets` [B, T] from `tokens` [B, T], in nats per token. Where
   * there is an output weight, all logits together are never kept.
   */
  loss(
    tokens: Tensor,
    targets: Tensor,
    options: { reduction?: "mean" | "sum"; ignoreIndex?: number } = {},
  ): Tensor {
    const weight = this.lmHead?.weight ?? this.tokenEmbeddings?.weight;
    if (!weight || this.lmHead?.bias || this.lmHeadBias) {
      using logits = this.forward(tokens);
      return crossEntropy(logits, targets, options);
    }
    using x = this.hidden(tokens);
    using h = this.lnFinal ? this.lnFinal.forward(x) : x.view(x);
    return linearCrossEntropy(this.lnFinal ? h : x, weight, targets, options);
  }

  /** An empty cache for generating `batchSize` sequences */
  createCache(options: { batchSize?: number } = {}): KvCache {
    const { nLayers, nHeads, dHead, contextLength } = this.config;
    const { batchSize = 1 } = options;
    return new KvCache(this.device, { batchSize, nLayers, nHeads, dHead, contextLength });
  }

  /** Starts training step number `step`: decides what dropout drops */
  beginStep(step: number): void {
    this.#dropout?.begin(step);
  }

  /** Frees parameters, gradients and tables */
  override dispose(): void {
    super.dispose();
    this.#rotary?.dispose();
    this.#dropout?.dispose();
  }

  #embed(tokens: Tensor, firstPosition: number): Tensor {
    const { vocabSize } = this.config;
    let x = this.tokenEmbeddings
      ? this.tokenEmbeddings.forward(tokens)
      : oneHot(tokens, { classes: vocabSize });
    if (this.positionEmbeddings) {
      const positions = this.device.arange(firstPosition, firstPosition + tokens.shape[1]!);
      using numbers = positions, vectors = embedding(this.positionEmbeddings.weight, numbers);
      using plain = x;
      x = add(plain, vectors); // [B, T, C] + [T, C]
    }
    if (this.#dropout && this.training) {
      using whole = x;
      x = this.#dropout.forward(whole);
    }
    return x;
  }

  #check(tokens: Tensor, cache: KvCache | undefined): void {
    if (tokens.rank !== 2 || tokens.dtype !== "i32") {
      throw new TypeError(
        `Cannot run the model on ${tokens.dtype} tokens of shape ${formatShape(tokens.shape)}: ` +
          "needs i32 and [batch, positions]",
      );
    }
    const { contextLength } = this.config;
    const held = cache?.length ?? 0;
    const positions = tokens.shape[1]!;
    if (held + positions > contextLength) {
      throw new RangeError(
        `Cannot run the model on ${
          held + positions
        } positions: its context length is ${contextLength}`,
      );
    }
  }
}
