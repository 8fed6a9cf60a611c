/**
 * Keys and values of earlier positions, kept while text is generated.
 *
 * @module
 */

import type { Device } from "../device.ts";
import { place } from "../launch/place.ts";
import { slice } from "../ops/views.ts";
import type { Tensor } from "../tensor.ts";

/** Sizes of a cache */
export interface KvCacheOptions {
  /** Sequences side by side */
  batchSize: number;
  /** Number of layers */
  nLayers: number;
  /** Heads of a layer */
  nHeads: number;
  /** Size of a key */
  dHead: number;
  /** Most positions */
  contextLength: number;
}

/** Keys and values of all layers, [batchSize, nHeads, contextLength, dHead] each */
export class KvCache {
  readonly #layers: { keys: Tensor; values: Tensor }[];
  readonly #capacity: number;
  #length = 0;

  /** Reserves memory for all positions */
  constructor(device: Device, options: KvCacheOptions) {
    const { batchSize, nLayers, nHeads, contextLength, dHead } = options;
    const shape = [batchSize, nHeads, contextLength, dHead];
    this.#capacity = contextLength;
    this.#layers = device.scopes.outside(() =>
      Array.from({ length: nLayers }, () => ({
        keys: device.zeros(shape),
        values: device.zeros(shape),
      }))
    );
  }

  /** Positions held, which is the position of the next token */
  get length(): number {
    return this.#length;
  }

  /** Positions that still fit */
  get room(): number {
    return this.#capacity - this.#length;
  }

  /**
   * Appends keys and values [batchSize, nHeads, positions, dHead] of one layer and returns all up to
   * and with them. Call {@link advance} once all layers have been served.
   */
  append(layer: number, keys: Tensor, values: Tensor): { keys: Tensor; values: Tensor } {
    const held = this.#layers[layer]!;
    const placement = { axis: 2, start: this.#length };
    place(keys, held.keys, placement);
    place(values, held.values, placement);
    const end = this.#length + keys.shape[2]!;
    return {
      keys: slice(held.keys, { axis: 2, start: 0, end }),
      values: slice(held.values, { axis: 2, start: 0, end }),
    };
  }

  /** Counts the positions that all layers have appended */
  advance(positions: number): void {
    this.#length += positions;
  }

  /** Forgets all positions; the memory is kept */
  reset(): void {
    this.#length = 0;
  }

  /** Frees the memory */
  dispose(): void {
    for (const { keys, values } of this.#layers) keys.dispose(), values.dispose();
  }

  /** Lets `using` free the cache */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
