/**
 * How parameters start.
 *
 * @module
 */

import type { Device } from "../device.ts";
import { foldSeed } from "../random.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/**
 * A scheme for all parameters of a model:
 * - `cs336`: linear weights from a normal with variance 2 / (in + out), embeddings with variance 1,
 *   both cut at three standard deviations (Stanford CS336, assignment 1, section 3.4.1);
 * - `gpt2`: normal with standard deviation 0.02, and 0.02 / sqrt(2 · layers) for the two
 *   projections that write to the residual stream (Radford et al. 2019);
 * - `{ std }`: normal with one standard deviation everywhere.
 *
 * Biases start at 0 and gains at 1 in all of them.
 */
export type Initialization = "cs336" | "gpt2" | { readonly std: number };

/** Where a layer's random numbers come from: a seed, or the initializer of the model around it */
export type Seed = number | Initializer;

/** Draws parameters one after the other; the same seed gives the same parameters */
export class Initializer {
  /** Where the parameters live */
  readonly device: Device;
  readonly #scheme: Initialization;
  readonly #seed: number;
  readonly #layers: number;
  #drawn = 0;

  /** `layers` is the model's depth, which GPT-2's scheme depends on */
  constructor(
    device: Device,
    options: { seed: number; scheme?: Initialization; layers?: number },
  ) {
    this.device = device;
    this.#seed = options.seed;
    this.#scheme = options.scheme ?? "cs336";
    this.#layers = options.layers ?? 1;
  }

  /** The given initializer, or one with CS336's scheme from the given seed */
  static from(device: Device, seed: Seed): Initializer {
    return seed instanceof Initializer ? seed : new Initializer(device, { seed });
  }

  /** A weight [out, in]; `residual` where its output is added to the residual stream */
  linear(shape: readonly [out: number, input: number], residual = false): Tensor {
    const [out, input] = shape;
    if (this.#scheme === "cs336") return this.#truncated(shape, Math.sqrt(2 / (input + out)));
    if (this.#scheme === "gpt2") {
      return this.#normal(shape, residual ? 0.02 / Math.sqrt(2 * this.#layers) : 0.02);
    }
    return this.#normal(shape, this.#scheme.std);
  }

  /** A table of vectors [count, dimension] */
  embedding(shape: readonly [count: number, dimension: number]): Tensor {
    if (this.#scheme === "cs336") return this.#truncated(shape, 1);
    return this.#normal(shape, this.#scheme === "gpt2" ? 0.02 : this.#scheme.std);
  }

  /** Ones, for gains */
  ones(shape: Shape): Tensor {
    return this.device.ones(shape, { requiresGrad: true });
  }

  /** Zeros, for biases */
  zeros(shape: Shape): Tensor {
    return this.device.zeros(shape, { requiresGrad: true });
  }

  #truncated(shape: Shape, std: number): Tensor {
    return this.device.truncNormal(shape, {
      seed: foldSeed(this.#seed, this.#drawn++),
      std,
      low: -3 * std,
      high: 3 * std,
      requiresGrad: true,
    });
  }

  #normal(shape: Shape, std: number): Tensor {
    return this.device.randn(shape, {
      seed: foldSeed(this.#seed, this.#drawn++),
      std,
      requiresGrad: true,
    });
  }
}
