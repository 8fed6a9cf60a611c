/**
 * Learning rates over time.
 *
 * @module
 */

/** Options of {@link cosineSchedule} */
export interface CosineScheduleOptions {
  /** Rate at the end of the warm-up */
  maxLearningRate: number;
  /** Rate at the end of the cosine, and after it */
  minLearningRate: number;
  /** Steps of linear growth from 0 */
  warmupSteps: number;
  /** Step at which the cosine ends */
  cosineSteps: number;
}

/**
 * Cosine schedule with linear warm-up, as in LLaMA (Touvron et al. 2023) and CS336's assignment 1:
 * `step / warmupSteps · max` up to the warm-up's end, then half a cosine down to `min`, then `min`.
 *
 * @param step Number of the step, from 0
 *
 * @example Up and down again
 * ```ts
 * import { cosineSchedule } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const options = { maxLearningRate: 1, minLearningRate: 0.1, warmupSteps: 10, cosineSteps: 100 };
 * assertEquals([0, 5, 10, 100, 200].map((step) => cosineSchedule(step, options)), [
 *   0,
 *   0.5,
 *   1,
 *   0.1,
 *   0.1,
 * ]);
 * ```
 */
export function cosineSchedule(step: number, options: CosineScheduleOptions): number {
  const { maxLearningRate, minLearningRate, warmupSteps, cosineSteps } = options;
  if (step < warmupSteps) return step / warmupSteps * maxLearningRate;
  if (step >= cosineSteps) return minLearningRate;
  const progress = (step - warmupSteps) / (cosineSteps - warmupSteps);
  return minLearningRate +
    0.5 * (1 + Math.cos(Math.PI * progress)) * (maxLearningRate - minLearningRate);
}

/** Options of {@link ReduceLROnPlateau}, with PyTorch's names and defaults */
export interface ReduceLROnPlateauOptions {
  /** Whether smaller or greater metrics are better; `min` */
  mode: "min" | "max";
  /** The rate is multiplied by it; 0.1 */
  factor: number;
  /** Metrics without improvement that are borne before the rate falls; 10 */
  patience: number;
  /** How much better is better; 1e-4 */
  threshold: number;
  /** Whether the threshold is a share of the best metric or a difference; `rel` */
  thresholdMode: "rel" | "abs";
  /** Metrics to wait after a fall; 0 */
  cooldown: number;
  /** The rate falls no further; 0 */
  minLr: number;
  /** Smaller changes are not made; 1e-8 */
  eps: number;
}

/** Lowers an optimizer's learning rate when a metric stops improving, as PyTorch's class does */
export class ReduceLROnPlateau {
  readonly #optimizer: { readonly groups: readonly { options: { lr: number } }[] };
  readonly #options: ReduceLROnPlateauOptions;
  #best: number;
  #badMetrics = 0;
  #cooldown = 0;

  /** Works on the groups of any optimizer */
  constructor(
    optimizer: { readonly groups: readonly { options: { lr: number } }[] },
    options: Partial<ReduceLROnPlateauOptions> = {},
  ) {
    this.#optimizer = optimizer;
    this.#options = {
      mode: "min",
      factor: 0.1,
      patience: 10,
      threshold: 1e-4,
      thresholdMode: "rel",
      cooldown: 0,
      minLr: 0,
      eps: 1e-8,
      ...options,
    };
    if (this.#options.factor >= 1) {
      throw new RangeError(`Cannot use factor ${this.#options.factor}: it must be below 1`);
    }
    this.#best = this.#options.mode === "min" ? Infinity : -Infinity;
  }

  /** The best metric so far, and how long ago it was; to be saved and restored */
  get state(): { best: number; badMetrics: number; cooldown: number } {
    return { best: this.#best, badMetrics: this.#badMetrics, cooldown: this.#cooldown };
  }

  /** Restores a saved state */
  set state(state: { best: number; badMetrics: number; cooldown: number }) {
    this.#best = state.best;
    this.#badMetrics = state.badMetrics;
    this.#cooldown = state.cooldown;
  }

  /** Takes the next metric and lowers the rate if patience has run out */
  step(metric: number): void {
    const { factor, patience, cooldown, minLr, eps } = this.#options;
    if (this.#isBetter(metric)) {
      this.#best = metric;
      this.#badMetrics = 0;
    } else {
      this.#badMetrics++;
    }
    if (this.#cooldown > 0) {
      this.#cooldown--;
      this.#badMetrics = 0;
    }
    if (this.#badMetrics <= patience) return;
    for (const { options } of this.#optimizer.groups) {
      const lower = Math.max(options.lr * factor, minLr);
      if (options.lr - lower > eps) options.lr = lower;
    }
    this.#cooldown = cooldown;
    this.#badMetrics = 0;
  }

  #isBetter(metric: number): boolean {
    const { mode, threshold, thresholdMode } = this.#options;
    if (!Number.isFinite(this.#best)) {
      return mode === "min" ? metric < this.#best : metric > this.#best;
    }
    const margin = thresholdMode === "rel" ? this.#best * threshold : threshold;
    return mode === "min" ? metric < this.#best - margin : metric > this.#best + margin;
  }
}
