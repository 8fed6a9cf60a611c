/**
 * Normalisation layers.
 *
 * @module
 */

import type { Device } from "../device.ts";
import { layerNorm, rmsNorm } from "../ops/norms.ts";
import type { Tensor } from "../tensor.ts";
import { type Members, Module } from "./module.ts";

/** Options of {@link RMSNorm} */
export interface NormOptions {
  /** Size of the last axis */
  dModel: number;
  /** Added to the mean square, or to the variance; 1e-5 unless said otherwise */
  eps?: number;
}

/** `x / sqrt(mean(x²) + eps) · weight` (Zhang and Sennrich 2019); the weight starts at 1 */
export class RMSNorm extends Module {
  /** [dModel] */
  readonly weight: Tensor;
  /** Added to the mean square */
  readonly eps: number;

  /** Makes a gain of ones */
  constructor(device: Device, options: NormOptions) {
    super();
    this.weight = device.ones([options.dModel], { requiresGrad: true });
    this.eps = options.eps ?? 1e-5;
  }

  /** The module's parts */
  protected override members(): Members {
    return { weight: this.weight };
  }

  /** [..., dModel] → [..., dModel] */
  forward(x: Tensor): Tensor {
    return rmsNorm(x, { weight: this.weight, eps: this.eps });
  }
}

/** `(x - mean) / sqrt(variance + eps) · weight + bias` (Ba et al. 2016) */
export class LayerNorm extends Module {
  /** [dModel]; starts at 1 */
  readonly weight: Tensor;
  /** [dModel]; starts at 0 */
  readonly bias: Tensor | undefined;
  /** Added to the variance */
  readonly eps: number;

  /** Makes a gain of ones and, unless `bias` is false, a bias of zeros */
  constructor(device: Device, options: NormOptions & { bias?: boolean }) {
    super();
    this.weight = device.ones([options.dModel], { requiresGrad: true });
    this.bias = options.bias ?? true
      ? device.zeros([options.dModel], { requiresGrad: true })
      : undefined;
    this.eps = options.eps ?? 1e-5;
  }

  /** The module's parts */
  protected override members(): Members {
    return { weight: this.weight, bias: this.bias };
  }

  /** [..., dModel] → [..., dModel] */
  forward(x: Tensor): Tensor {
    return layerNorm(x, { weight: this.weight, bias: this.bias, eps: this.eps });
  }
}
