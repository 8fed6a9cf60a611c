/**
 * Dropout as a layer.
 *
 * @module
 */

import type { Device } from "../device.ts";
import { dropout } from "../ops/dropout.ts";
import { foldSeed } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { type Members, Module } from "./module.ts";

/**
 * Drops elements at random, in training only. One instance serves a whole model: call {@link begin}
 * once a step, and every use within the step draws numbers of its own.
 */
export class Dropout extends Module {
  readonly #probability: number;
  readonly #seed: number;
  readonly #step: Tensor;
  #uses = 0;

  /** A probability from 0 to below 1 */
  constructor(device: Device, options: { probability: number; seed: number }) {
    super();
    this.#probability = options.probability;
    this.#seed = options.seed;
    this.#step = device.tensor(new Int32Array(1));
  }

  /** The module's parts */
  protected override members(): Members {
    return {};
  }

  /** Starts training step number `step`, which decides what is dropped */
  begin(step: number): void {
    this.#step.write([step]);
    this.#uses = 0;
  }

  /** Any shape → the same shape */
  forward(x: Tensor): Tensor {
    return dropout(x, {
      probability: this.#probability,
      seed: foldSeed(this.#seed, this.#uses++),
      step: this.#step,
    });
  }

  /** Frees the step counter */
  override dispose(): void {
    this.#step.dispose();
  }
}
