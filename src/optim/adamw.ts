/**
 * AdamW.
 *
 * @module
 */

import type { Kernel } from "../../kernels/kernel.ts";
import { adamwKernel, type OptimizerPart } from "../../kernels/optimizers.ts";
import { Optimizer, type Parameters } from "./optimizer.ts";

/** Options of {@link AdamW}, with PyTorch's names and defaults */
export interface AdamWOptions {
  /** Learning rate; 1e-3 */
  lr: number;
  /** Decay rates of the two moments; 0.9 and 0.999 */
  betas: readonly [number, number];
  /** Added to the denominator; 1e-8 */
  eps: number;
  /** Decoupled weight decay, multiplied with the learning rate; 0.01 */
  weightDecay: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2), number for number as
 * `torch.optim.AdamW`.
 *
 * @example One step downhill
 * ```ts
 * import { AdamW, requestDevice } from "@kindling/lm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * using device = await requestDevice();
 * const x = device.tensor([1], { requiresGrad: true });
 * using optimizer = new AdamW([x], { lr: 0.1, weightDecay: 0 });
 * x.square().sum().backward();
 * optimizer.step();
 * assertAlmostEquals(await x.item(), 0.9, 1e-6);
 * ```
 */
export class AdamW extends Optimizer<AdamWOptions> {
  /** Takes parameters or groups `{ params, lr?, … }` */
  constructor(params: Parameters<AdamWOptions>, options: Partial<AdamWOptions> = {}) {
    super(
      params,
      { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01, ...options },
      ["exp_avg", "exp_avg_sq"],
    );
  }

  /** What the kernel reads for this step */
  protected override hyperparameters(options: AdamWOptions, step: number): number[] {
    const { lr, betas: [beta1, beta2], eps, weightDecay } = options;
    return [
      lr / (1 - beta1 ** step),
      1 / Math.sqrt(1 - beta2 ** step),
      1 - lr * weightDecay,
      beta1,
      beta2,
      eps,
      1 - beta1,
      1 - beta2,
    ];
  }

  /**
   * The kernel of a step
   *
   * @internal
   */
  protected override kernel(count: number, parts: readonly OptimizerPart[]): Kernel {
    return adamwKernel(count, parts);
  }
}
