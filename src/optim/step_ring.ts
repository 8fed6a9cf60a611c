/**
 * What the latest steps of a training gave, in memory of the device.
 *
 * @module
 */

import type { Device } from "../device.ts";
import type { Tensor } from "../tensor.ts";

/** What a step gave */
export interface StepResults {
  /** The loss */
  loss: number;
  /** Norm of all gradients before clipping */
  gradNorm: number;
  /**
   * What clipping multiplied gradients with: `min(1, maxNorm / (gradNorm + 1e-6))`, or 0 where the
   * norm was not finite
   */
  clipFactor: number;
}

/**
 * A ring of the results of the latest steps. Steps write to it on the device, through
 * {@link measureGradients}, also when they are captured and replayed; the host reads many of them
 * together, whenever it likes, so that the device never waits.
 *
 * @example Three steps, read in one go
 * ```ts
 * import { measureGradients, requestDevice, SGD, StepRing } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * using device = await requestDevice();
 * const x = device.tensor([4], { requiresGrad: true });
 * using optimizer = new SGD([x], { lr: 0.25 });
 * using ring = new StepRing(device);
 * for (let step = 0; step < 3; step++) {
 *   using _scope = device.scope();
 *   const loss = x.square().sum();
 *   loss.backward();
 *   const { factor } = measureGradients([x], { maxNorm: 100, record: { ring, loss } });
 *   optimizer.step({ gradientScale: factor });
 *   optimizer.zeroGrad();
 * }
 * assertEquals((await ring.read()).map(({ loss }) => loss), [16, 4, 1]);
 * ```
 */
export class StepRing {
  /** Steps that it holds; older ones are overwritten */
  readonly capacity: number;
  /**
   * A header and a row for each step, see `normKernel()` in `kernels/global_norm.ts`
   *
   * @internal
   */
  readonly memory: Tensor;

  /** An empty ring; `capacity` is 64 unless said otherwise */
  constructor(device: Device, options: { capacity?: number } = {}) {
    const { capacity = 64 } = options;
    if (!(Number.isInteger(capacity) && capacity > 0)) {
      throw new RangeError(`Cannot keep ${capacity} steps: needs a positive integer`);
    }
    this.capacity = capacity;
    this.memory = device.scopes.outside(() => device.zeros([1 + capacity, 4]));
  }

  /** Waits for the device and gives the results of the latest steps, oldest first */
  async read(): Promise<StepResults[]> {
    const memory = await this.memory.data();
    const [next, filled] = memory as Float32Array & [number, number];
    return Array.from({ length: filled }, (_, i) => {
      const row = 1 + (next - filled + i + this.capacity) % this.capacity;
      const [loss, gradNorm, clipFactor] = memory.subarray(4 * row);
      return { loss: loss!, gradNorm: gradNorm!, clipFactor: clipFactor! };
    });
  }

  /** Frees the ring's memory */
  dispose(): void {
    this.memory.dispose();
  }

  /** Lets `using` free the ring */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
