/**
 * The linear layer.
 *
 * @module
 */

import type { Device } from "../device.ts";
import { to } from "../ops/comparisons.ts";
import { linear } from "../ops/linear.ts";
import { rotaryLinear } from "../ops/rotary.ts";
import type { Tensor } from "../tensor.ts";
import { Initializer, type Seed } from "./init.ts";
import { type Members, Module } from "./module.ts";
import type { RotaryEmbedding } from "./rotary_embedding.ts";

/** Options of {@link Linear} */
export interface LinearOptions {
  /** Size of the input vectors */
  inFeatures: number;
  /** Size of the output vectors */
  outFeatures: number;
  /** Whether a bias is added; not unless said otherwise */
  bias?: boolean;
  /** Where the weights come from */
  seed: Seed;
  /** Whether the output is added to a residual stream, which GPT-2's initialization scales down */
  residual?: boolean;
}

/** A call of a layer whose result is added to the residual stream */
export interface ResidualCall {
  /** The stream, of the result's shape; it is added as the result is stored */
  residual?: Tensor | undefined;
}

/**
 * `y = x Wᵀ + b` with a weight of shape [out, in].
 *
 * @example Four features to two
 * ```ts
 * import { Linear, requestDevice } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * using device = await requestDevice();
 * const layer = new Linear(device, { inFeatures: 4, outFeatures: 2, seed: 0 });
 * assertEquals(layer.forward(device.ones([3, 4])).shape, [3, 2]);
 * ```
 */
export class Linear extends Module {
  /** [out, in] */
  readonly weight: Tensor;
  /** [out] */
  readonly bias: Tensor | undefined;

  /** Draws the weight; the bias starts at 0 */
  constructor(device: Device, options: LinearOptions) {
    super();
    const { inFeatures, outFeatures, bias = false, residual = false } = options;
    const init = Initializer.from(device, options.seed);
    this.weight = init.linear([outFeatures, inFeatures], residual);
    this.bias = bias ? init.zeros([outFeatures]) : undefined;
  }

  /** The module's parts */
  protected override members(): Members {
    return { weight: this.weight, bias: this.bias };
  }

  /** [..., in] → [..., out], plus the residual stream where it is given */
  forward(x: Tensor, { residual }: ResidualCall = {}): Tensor {
    using half = inHalf(x, this.weight);
    return linear(x, half ?? this.weight, { bias: this.bias, residual });
  }

  /**
   * [..., positions, in] → [..., positions, out], whose heads are turned by their positions, of which
   * the first is `firstPosition`
   */
  forwardTurned(
    x: Tensor,
    { rotary: { table }, firstPosition }: { rotary: RotaryEmbedding; firstPosition: number },
  ): Tensor {
    using half = inHalf(x, this.weight);
    return rotaryLinear(x, half ?? this.weight, { bias: this.bias, table, firstPosition });
  }
}

/** A weight in half precision for activations that are; nothing for others */
export function inHalf(x: Tensor, weight: Tensor): Tensor | undefined {
  return x.dtype === "f16" && weight.dtype !== "f16" ? to(weight, "f16") : undefined;
}
