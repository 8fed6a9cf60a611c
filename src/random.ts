/**
 * Counter-based random numbers: the same for a seed on every machine, and any position of a
 * sequence can be computed without the ones before it.
 *
 * @module
 */

import { normalCumulative, normalQuantile } from "./normal_distribution.ts";

const TWO_32 = 2 ** 32;

/** Marks the counters that {@linkcode foldSeed} uses: no sequence ever reaches them. */
const FOLD_DOMAIN = 0x80000000;

/** Writes one block, two 32-bit words, of Threefry-2x32 with 20 rounds into `block`. */
function threefryInto(
  block: Uint32Array,
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): void {
  const key2 = 0x1bd11bda ^ key0 ^ key1; // the Skein key schedule's parity word
  let a = (counter0 + key0) | 0;
  let b = (counter1 + key1) | 0;
  // Four rounds with one set of rotation distances, then a key injection; five times.
  a = (a + b) | 0, b = a ^ ((b << 13) | (b >>> 19));
  a = (a + b) | 0, b = a ^ ((b << 15) | (b >>> 17));
  a = (a + b) | 0, b = a ^ ((b << 26) | (b >>> 6));
  a = (a + b) | 0, b = a ^ ((b << 6) | (b >>> 26));
  a = (a + key1) | 0, b = (b + key2 + 1) | 0;
  a = (a + b) | 0, b = a ^ ((b << 17) | (b >>> 15));
  a = (a + b) | 0, b = a ^ ((b << 29) | (b >>> 3));
  a = (a + b) | 0, b = a ^ ((b << 16) | (b >>> 16));
  a = (a + b) | 0, b = a ^ ((b << 24) | (b >>> 8));
  a = (a + key2) | 0, b = (b + key0 + 2) | 0;
  a = (a + b) | 0, b = a ^ ((b << 13) | (b >>> 19));
  a = (a + b) | 0, b = a ^ ((b << 15) | (b >>> 17));
  a = (a + b) | 0, b = a ^ ((b << 26) | (b >>> 6));
  a = (a + b) | 0, b = a ^ ((b << 6) | (b >>> 26));
  a = (a + key0) | 0, b = (b + key1 + 3) | 0;
  a = (a + b) | 0, b = a ^ ((b << 17) | (b >>> 15));
  a = (a + b) | 0, b = a ^ ((b << 29) | (b >>> 3));
  a = (a + b) | 0, b = a ^ ((b << 16) | (b >>> 16));
  a = (a + b) | 0, b = a ^ ((b << 24) | (b >>> 8));
  a = (a + key1) | 0, b = (b + key2 + 4) | 0;
  a = (a + b) | 0, b = a ^ ((b << 13) | (b >>> 19));
  a = (a + b) | 0, b = a ^ ((b << 15) | (b >>> 17));
  a = (a + b) | 0, b = a ^ ((b << 26) | (b >>> 6));
  a = (a + b) | 0, b = a ^ ((b << 6) | (b >>> 26));
  block[0] = a + key2;
  block[1] = b + key0 + 5;
}

/**
 * One block of the counter-based generator Threefry-2x32 with 20 rounds: two 32-bit words that
 * look random and depend on nothing but the key and the counter.
 *
 * Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
 *
 * @example A known answer
 * ```ts
 * import { threefry2x32 } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(threefry2x32(0, 0, 0, 0), [0x6b200159, 0x99ba4efe]);
 * ```
 *
 * @param key0 First word of the key.
 * @param key1 Second word of the key.
 * @param counter0 First word of the counter.
 * @param counter1 Second word of the counter.
 * @returns Two unsigned 32-bit integers.
 */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): [number, number] {
  const block = new Uint32Array(2);
  threefryInto(block, key0, key1, counter0, counter1);
  return [block[0]!, block[1]!];
}

/**
 * The two 32-bit key words of a seed, low word first; negative seeds in two's complement.
 *
 * @example A seed above 32 bits
 * ```ts
 * import { seedToKey } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(seedToKey(2 ** 32 + 7), [7, 1]);
 * ```
 *
 * @param seed Any safe integer.
 * @returns Two unsigned 32-bit integers.
 * @throws {RangeError} If the seed is not a safe integer.
 */
export function seedToKey(seed: number): [number, number] {
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`Cannot use ${seed} as a seed: must be a safe integer`);
  }
  return [seed >>> 0, Math.floor(seed / TWO_32) >>> 0];
}

/**
 * Derives a new seed from a seed and an index, so that every parameter, layer or worker can draw
 * from a sequence of its own.
 *
 * @example One seed per parameter
 * ```ts
 * import { foldSeed } from "@kindling/lm";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 *
 * assertEquals(foldSeed(42, 0), foldSeed(42, 0));
 * assertNotEquals(foldSeed(42, 0), foldSeed(42, 1));
 * ```
 *
 * @param seed Any safe integer.
 * @param index A safe integer, not negative.
 * @returns A seed: a safe integer, not negative.
 * @throws {RangeError} If the seed or the index is not such a number.
 */
export function foldSeed(seed: number, index: number): number {
  const [key0, key1] = seedToKey(seed);
  if (!Number.isSafeInteger(index) || index < 0) {
    throw new RangeError(`Cannot fold ${index} into a seed: must be a safe integer from 0`);
  }
  const [low, high] = threefry2x32(
    key0,
    key1,
    index >>> 0,
    Math.floor(index / TWO_32) | FOLD_DOMAIN,
  );
  return (high >>> 11) * TWO_32 + low;
}

/** The largest float32 below a float32 value. */
function floatBelow(value: number): number {
  const float = new Float32Array([value]);
  const bits = new Uint32Array(float.buffer);
  if (float[0] === 0) return -(2 ** -149);
  bits[0]! += float[0]! > 0 ? -1 : 1;
  return float[0]!;
}

function assertFinite(action: string, values: Record<string, number>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) {
      throw new RangeError(`Cannot ${action} with ${name} ${value}: must be finite`);
    }
  }
}

/** Options of {@linkcode Random.fillTruncNormal}. */
export interface TruncNormalOptions {
  /** Mean of the normal distribution before it is cut. Default 0. */
  readonly mean?: number;
  /** Standard deviation of the normal distribution before it is cut. Default 1. */
  readonly std?: number;
  /** Least value. Default -2. */
  readonly low?: number;
  /** Greatest value. Default 2. */
  readonly high?: number;
}

/** Options of the {@linkcode Random} constructor. */
export interface RandomOptions {
  /** Where in the seed's sequence to start: how many 32-bit words to leave out. Default 0. */
  readonly position?: number;
}

/**
 * A sequence of random numbers that a seed determines, the same on every machine.
 *
 * Each number drawn takes the next 32-bit word of the sequence, so filling an array at once or in
 * pieces gives the same values. `integer` and `shuffle` now and then take more than one word.
 *
 * @example Reproducible numbers that can be resumed
 * ```ts
 * import { Random } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const random = new Random(42);
 * random.fillNormal(new Float32Array(1000), 0, 0.02);
 * const resumed = new Random(42, { position: random.position });
 * assertEquals(resumed.uniform(), random.uniform());
 * ```
 */
export class Random {
  /** The seed given to the constructor. */
  readonly seed: number;
  readonly #key0: number;
  readonly #key1: number;
  readonly #block = new Uint32Array(2);
  #position: number;
  /** Whether the second word of `#block` is the next of the sequence. */
  #half = false;

  /**
   * Starts the sequence of a seed.
   *
   * @param seed Any safe integer.
   * @param options Where to start.
   * @throws {RangeError} If the seed is not a safe integer, or the position not one from 0.
   */
  constructor(seed: number, options: RandomOptions = {}) {
    const { position = 0 } = options;
    [this.#key0, this.#key1] = seedToKey(seed);
    if (!Number.isSafeInteger(position) || position < 0) {
      throw new RangeError(
        `Cannot start random numbers at position ${position}: must be a safe integer from 0`,
      );
    }
    this.seed = seed;
    this.#position = position - position % 2;
    if (position % 2 === 1) this.#word();
  }

  /** How many 32-bit words were taken since the start of the seed's sequence. */
  get position(): number {
    return this.#position;
  }

  /** The next 32-bit word: block `position / 2`, its halves in turn. */
  #word(): number {
    const position = this.#position++;
    if (this.#half) {
      this.#half = false;
      return this.#block[1]!;
    }
    const counter = position / 2;
    threefryInto(this.#block, this.#key0, this.#key1, counter >>> 0, (counter / TWO_32) >>> 0);
    this.#half = true;
    return this.#block[0]!;
  }

  /**
   * A generator of its own for an index, which neither depends on this one's position nor moves it.
   *
   * @param index A safe integer, not negative.
   * @returns The generator of `foldSeed(seed, index)`.
   * @throws {RangeError} If the index is not such a number.
   */
  derive(index: number): Random {
    return new Random(foldSeed(this.seed, index));
  }

  /**
   * A number from the uniform distribution on [0, 1): a multiple of 2⁻³².
   *
   * @returns The number.
   */
  uniform(): number {
    return this.#word() / TWO_32;
  }

  /**
   * A number from the normal distribution with mean 0 and standard deviation 1, by inversion;
   * none is further out than 6.4.
   *
   * @returns The number.
   */
  normal(): number {
    return normalQuantile((this.#word() + 0.5) / TWO_32);
  }

  /**
   * An integer from 0 to `n - 1`, each exactly as likely as the others.
   *
   * @param n How many integers to choose from: a safe integer of at least 1.
   * @returns The integer.
   * @throws {RangeError} If `n` is not such a number.
   */
  integer(n: number): number {
    if (!Number.isSafeInteger(n) || n < 1) {
      throw new RangeError(`Cannot choose from ${n} integers: must be a safe integer from 1`);
    }
    // Numbers past the last whole multiple of n are drawn again.
    const size = n <= TWO_32 ? TWO_32 : 2 ** 53;
    const limit = size - size % n;
    while (true) {
      const word = this.#word();
      const value = size === TWO_32 ? word : (this.#word() >>> 11) * TWO_32 + word;
      if (value < limit) return value % n;
    }
  }

  /**
   * Fills an array from the uniform distribution on [low, high), in steps of 2⁻²⁴ of the interval.
   *
   * @param array The array to fill.
   * @param low Least value.
   * @param high Bound that no value reaches.
   * @returns The array.
   * @throws {RangeError} If a bound is not finite, or `low` is not below `high` in float32.
   */
  fillUniform(array: Float32Array, low: number = 0, high: number = 1): Float32Array {
    assertFinite("draw uniform numbers", { low, high, width: high - low });
    const least = Math.fround(low);
    const greatest = floatBelow(Math.fround(high)); // rounding up to float32 must not reach `high`
    if (least > greatest) {
      throw new RangeError(
        `Cannot draw uniform numbers between ${low} and ${high}: low must be below high`,
      );
    }
    const step = (high - low) / 2 ** 24;
    for (let i = 0; i < array.length; i++) {
      array[i] = Math.min(low + step * (this.#word() >>> 8), greatest);
    }
    return array;
  }

  /**
   * Fills an array from the normal distribution.
   *
   * @param array The array to fill.
   * @param mean Mean.
   * @param std Standard deviation, not negative.
   * @returns The array.
   * @throws {RangeError} If the mean or the standard deviation is not finite or `std` is negative.
   */
  fillNormal(array: Float32Array, mean: number = 0, std: number = 1): Float32Array {
    assertFinite("draw normal numbers", { mean, std });
    if (std < 0) {
      throw new RangeError(`Cannot draw normal numbers with std ${std}: must not be negative`);
    }
    for (let i = 0; i < array.length; i++) array[i] = mean + std * this.normal();
    return array;
  }

  /**
   * Fills an array from a normal distribution cut off at two bounds, as PyTorch's
   * `nn.init.trunc_normal_` does: by inversion, `std` being that of the normal before the cut.
   *
   * @param array The array to fill.
   * @param options Mean, standard deviation and bounds.
   * @returns The array.
   * @throws {RangeError} If a value is not finite, `std` is not positive, `low` is not below `high`,
   * or the bounds are so far out that no probability lies between them.
   */
  fillTruncNormal(array: Float32Array, options: TruncNormalOptions = {}): Float32Array {
    const { mean = 0, std = 1, low = -2, high = 2 } = options;
    assertFinite("draw truncated normal numbers", { mean, std, low, high });
    if (std <= 0) {
      throw new RangeError(
        `Cannot draw truncated normal numbers with std ${std}: must be positive`,
      );
    }
    if (low >= high) {
      throw new RangeError(
        `Cannot draw truncated normal numbers between ${low} and ${high}: low must be below high`,
      );
    }
    // Work in the lower tail, where probabilities keep their relative precision.
    const sign = low > mean ? -1 : 1;
    const left = sign * ((sign > 0 ? low : high) - mean) / std;
    const right = sign * ((sign > 0 ? high : low) - mean) / std;
    const below = normalCumulative(left);
    const mass = normalCumulative(right) - below;
    if (!(mass > 0)) {
      throw new RangeError(
        `Cannot draw truncated normal numbers between ${low} and ${high}: ` +
          `too far from mean ${mean} for std ${std}`,
      );
    }
    for (let i = 0; i < array.length; i++) {
      const z = normalQuantile(below + (mass * (this.#word() + 0.5)) / TWO_32);
      array[i] = Math.min(Math.max(mean + sign * std * z, low), high);
    }
    return array;
  }

  /**
   * Puts an array's elements in random order, each order equally likely (Fisher and Yates).
   *
   * @param array The array, or typed array, to reorder in place.
   * @returns The array.
   */
  shuffle<Items extends { readonly length: number; [index: number]: unknown }>(
    array: Items,
  ): Items {
    const items: { [index: number]: unknown } = array;
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
    return array;
  }
}
