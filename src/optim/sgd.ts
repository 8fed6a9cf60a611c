/**
 * Stochastic gradient descent.
 *
 * @module
 */

import type { Kernel } from "../../kernels/kernel.ts";
import { type OptimizerPart, sgdKernel } from "../../kernels/optimizers.ts";
import { Optimizer, type Parameters } from "./optimizer.ts";

/** Options of {@link SGD}, with PyTorch's names and defaults */
export interface SGDOptions {
  /** Learning rate; 1e-3 */
  lr: number;
  /** How much of the last step's velocity is kept; 0 */
  momentum: number;
  /** How much of a new gradient does not enter the velocity; 0 */
  dampening: number;
  /** L2 penalty, added to the gradient; 0 */
  weightDecay: number;
  /** Looks ahead along the velocity; false */
  nesterov: boolean;
}

/** Stochastic gradient descent, number for number as `torch.optim.SGD` */
export class SGD extends Optimizer<SGDOptions> {
  /** Takes parameters or groups `{ params, lr?, … }` */
  constructor(params: Parameters<SGDOptions>, options: Partial<SGDOptions> = {}) {
    super(
      params,
      { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, ...options },
      ["momentum_buffer"],
    );
  }

  /** What the kernel reads for this step */
  protected override hyperparameters(options: SGDOptions, step: number): number[] {
    const { lr, momentum, dampening, weightDecay, nesterov } = options;
    // PyTorch's first velocity is the whole gradient; later ones are dampened.
    const share = step === 1 || momentum === 0 ? 1 : 1 - dampening;
    return [lr, momentum, share, weightDecay, nesterov ? 1 : 0];
  }

  /**
   * The kernel of a step
   *
   * @internal
   */
  protected override kernel(count: number, parts: readonly OptimizerPart[]): Kernel {
    return sgdKernel(count, parts);
  }
}
