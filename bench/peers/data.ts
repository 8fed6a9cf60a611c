/**
 * The numbers that all peers compute with. They come from an integer hash that is exact in every
 * language (`pytorch.py` has the same one), so that all start from the same bits and no files need
 * to be passed around.
 */

/** Numbers `offset + scale · u` with u spread evenly over [-1, 1) */
export interface Numbers {
  readonly shape: readonly number[];
  readonly seed: number;
  readonly scale: number;
  readonly offset: number;
}

/** Whole numbers from 0 to below `below` */
export interface Integers {
  readonly shape: readonly number[];
  readonly seed: number;
  readonly below: number;
}

/** Number of elements of a shape */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** 32 even bits for element `i` of stream `seed` (the finaliser of MurmurHash3) */
function hash(seed: number, i: number): number {
  let x = Math.imul(i, 0x9e3779b1) + Math.imul(seed + 1, 0x85ebca6b) | 0;
  x = Math.imul(x ^ x >>> 16, 0x85ebca6b);
  x = Math.imul(x ^ x >>> 13, 0xc2b2ae35);
  return (x ^ x >>> 16) >>> 0;
}

/** The numbers in row-major order */
export function numbers(spec: Numbers): Float32Array<ArrayBuffer> {
  const { seed, scale, offset } = spec;
  const values = new Float32Array(sizeOf(spec.shape));
  for (let i = 0; i < values.length; i++) {
    values[i] = offset + scale * ((hash(seed, i) >>> 8) / 2 ** 23 - 1);
  }
  return values;
}

/** The whole numbers in row-major order */
export function integers(spec: Integers): Int32Array<ArrayBuffer> {
  const values = new Int32Array(sizeOf(spec.shape));
  for (let i = 0; i < values.length; i++) values[i] = hash(spec.seed, i) % spec.below;
  return values;
}

/** Places spread over an array of the given size, at which results are compared */
export function samplesOf(size: number, count = 256): number[] {
  return Array.from({ length: Math.min(count, size) }, (_, i) => hash(size, i) % size);
}
