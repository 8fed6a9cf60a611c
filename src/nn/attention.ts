/**
 * Multi-head self-attention.
 *
 * @module
 */

import type { Device } from "../device.ts";
import { mul } from "../ops/arithmetic.ts";
import { scaledDotProductAttention } from "../ops/attention.ts";
import { less, maskedFill } from "../ops/comparisons.ts";
import { matmul } from "../ops/matmul.ts";
import { softmax } from "../ops/softmax.ts";
import { permute, reshape, slice, transpose, unsqueeze } from "../ops/views.ts";
import type { Tensor } from "../tensor.ts";
import { type HookedCall, Hooks } from "./hooks.ts";
import { Initializer, type Seed } from "./init.ts";
import type { KvCache } from "./kv_cache.ts";
import { Linear, type ResidualCall } from "./linear.ts";
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

/** Where in the text, and in the cache, an attention layer is called, and who looks on */
export interface AttentionCall extends HookedCall, ResidualCall {
  /** Keys and values of earlier positions */
  cache?: KvCache;
  /** The layer's number in the cache */
  layer?: number;
  /** Only so many positions at the end attend: the output has no others */
  last?: number;
}

/** The last positions of [B, T, dModel] */
export function lastPositions(x: Tensor, last: number): Tensor {
  return slice(x, { axis: 1, start: x.shape[1]! - last });
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

  /** [B, T, dModel] → [B, T or last, dModel], plus the residual stream where it is given */
  forward(x: Tensor, call: AttentionCall = {}): Tensor {
    const { hooks = Hooks.none, residual, last } = call;
    using end = last === undefined ? undefined : lastPositions(x, last);
    const asking = end ?? x;
    const [batch = 1, positions = 1] = asking.shape;
    using q = this.#heads("q", asking, call, x.shape[1]! - positions);
    using k = this.#heads("k", x, call);
    using v = this.#heads("v", x, call);
    using z = attend(q, k, v, call); // [B, H, T, D]
    using byPosition = hooks.pass("hook_z", permute(z, [0, 2, 1, 3])); // [B, T, H, D]
    using merged = reshape(byPosition, [batch, positions, this.nHeads * this.dHead]);
    return this.outputProj.forward(merged, { residual });
  }

  /**
   * Queries, keys or values: [B, T, dModel] → [B, H, T, D], queries and keys turned by their
   * positions; the first is `start` positions into the call's
   */
  #heads(name: "q" | "k" | "v", x: Tensor, call: AttentionCall, start = 0): Tensor {
    const { cache, hooks = Hooks.none } = call;
    const [batch = 1, positions = 1] = x.shape;
    const split = (projected: Tensor) => {
      using plain = projected;
      return reshape(plain, [batch, positions, this.nHeads, this.dHead]);
    };
    const projection = this[`${name}Proj`];
    const rotary = name === "v" ? undefined : this.#rotary;
    const firstPosition = (cache?.length ?? 0) + start;
    if (rotary && !hooks.wants(`hook_${name}`)) {
      const turned = split(projection.forwardTurned(x, { rotary, firstPosition }));
      using heads = hooks.pass(`hook_rot_${name}`, turned); // [B, T, H, D]
      return permute(heads, [0, 2, 1, 3]);
    }
    using straight = hooks.pass(`hook_${name}`, split(projection.forward(x))); // [B, T, H, D]
    const byHead = permute(straight, [0, 2, 1, 3]);
    if (!rotary) return byHead;
    using still = byHead;
    using turned = rotary.forward(still, { firstPosition });
    using heads = hooks.pass(`hook_rot_${name}`, permute(turned, [0, 2, 1, 3])); // [B, T, H, D]
    return permute(heads, [0, 2, 1, 3]);
  }
}

/** Causal attention, through the cache where there is one */
function attend(q: Tensor, k: Tensor, v: Tensor, call: AttentionCall): Tensor {
  const { cache, layer = 0, hooks = Hooks.none } = call;
  if (!cache) return mix(q, k, v, hooks);
  const all = cache.append(layer, k, v);
  using keys = all.keys, values = all.values;
  return mix(q, keys, values, hooks);
}

/** Each query's mean of the values: in one kernel, unless somebody wants to see what is in between */
function mix(q: Tensor, k: Tensor, v: Tensor, hooks: Hooks): Tensor {
  if (!hooks.wants("hook_attn_scores", "hook_pattern")) {
    return scaledDotProductAttention(q, k, v, { causal: true });
  }
  using columns = transpose(k);
  using products = matmul(q, columns); // [B, H, T, S]
  using scaled = mul(products, 1 / Math.sqrt(q.shape[3]!));
  using future = futureKeys(q, k);
  using scores = hooks.pass("hook_attn_scores", maskedFill(scaled, future, -Infinity));
  using pattern = hooks.pass("hook_pattern", softmax(scores));
  return matmul(pattern, v);
}

/** [T, S]: where a key comes after the query. The last query is where the last key is */
function futureKeys({ device, shape: [, , queries = 0] }: Tensor, k: Tensor): Tensor {
  const keys = k.shape[2]!;
  using ends = device.arange(keys - queries, keys);
  using rows = unsqueeze(ends, 1);
  using columns = device.arange(0, keys);
  return less(rows, columns);
}
