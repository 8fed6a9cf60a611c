/** How fast matrix products run with each tiling on an adapter, and which one is best. */

import type { AdapterTraits, TilingName } from "../../kernels/kernel.ts";
import { tilingChoices } from "../../kernels/matmul.ts";
import { type Device, requestDevice } from "../../src/device.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { transpose } from "../../src/ops/views.ts";
import type { Tensor } from "../../src/tensor.ts";

/** A product [m, k] · [k, n]; the second operand is transposed, as the weight of a layer is. */
export interface ProductSize {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Squares, and layers of small language models. */
export const PRODUCTS: readonly ProductSize[] = [
  { m: 512, n: 512, k: 512 },
  { m: 1024, n: 1024, k: 1024 },
  { m: 2048, n: 512, k: 128 },
  { m: 2048, n: 1344, k: 512 },
];

/** How fast one tiling is. */
export interface TilingRates {
  /** None where the product's size decides, as it does without tuning. */
  readonly tiling: TilingName | undefined;
  /** GFLOP/s of each product. */
  readonly gflops: readonly number[];
  /** How many times as fast as without tuning: the geometric mean over the products. */
  readonly speed: number;
}

/** Measurements of each product with each tiling, of which the median counts. */
export const ROUNDS = 5;

/** What to measure. */
export interface RateOptions {
  readonly products?: readonly ProductSize[];
  /** {@linkcode ROUNDS} unless said otherwise. */
  readonly rounds?: number;
  /** Overrides what was found out about the adapter. */
  readonly traits?: Partial<AdapterTraits>;
  /** Told after each round. */
  readonly onRound?: (done: number, all: number) => void;
}

/** Products in a measurement: a GPU should be busy for longer than it takes to begin. */
const QUEUED = 4;

/** A tiling must be faster than the choice by size by this factor to be worth it. */
const WORTH_IT = 1.03;

/** A device that makes products with one tiling, and their operands. */
interface Candidate {
  readonly tiling: TilingName | undefined;
  readonly device: Device;
  readonly operands: readonly (readonly [a: Tensor, b: Tensor])[];
}

/**
 * Times products with each tiling that an adapter can have, after comparing them with sums in
 * float64. The choice by size comes first. Nothing where the adapter has no choice.
 *
 * Tilings take turns, so that an adapter that becomes warm and slow does so for all of them.
 */
export async function measureTilings(options: RateOptions = {}): Promise<TilingRates[]> {
  const { products = PRODUCTS, rounds = ROUNDS, traits = {}, onRound } = options;
  using devices = new DisposableStack();
  const open = async (tiling?: TilingName): Promise<Candidate> => {
    const all = { ...traits, ...(tiling && { tiling }) };
    const device = devices.use(await requestDevice({ traits: all }));
    const operands = products.map(({ m, n, k }) =>
      [device.randn([m, k], { seed: 1 }), transpose(device.randn([n, k], { seed: 2 }))] as const
    );
    return { tiling, device, operands };
  };
  const bySize = await open();
  const choices = tilingChoices(bySize.device.runtime.traits);
  if (choices.length === 0) return [];
  const candidates = [bySize];
  for (const tiling of choices) candidates.push(await open(tiling));

  const measured = candidates.map(() => products.map((): number[] => []));
  for (const { tiling, operands } of candidates) {
    for (const [a, b] of operands) await check(a, b, tiling);
  }
  for (let round = 0; round < rounds; round++) {
    for (const [i, { device, operands }] of candidates.entries()) {
      for (const [j, [a, b]] of operands.entries()) {
        measured[i]![j]!.push(await rateOf(device, a, b));
      }
    }
    onRound?.(round + 1, rounds);
  }
  const rates = measured.map((of) => of.map(median));
  return rates.map((gflops, i) => {
    const logs = gflops.map((rate, j) => Math.log(rate / rates[0]![j]!));
    const speed = Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
    return { tiling: candidates[i]!.tiling, gflops, speed };
  });
}

/** The fastest; the choice by size, which comes first, unless another one is clearly faster. */
export function bestOf(rates: readonly TilingRates[]): TilingRates {
  const fastest = rates.reduce((best, other) => other.speed > best.speed ? other : best);
  return fastest.speed > WORTH_IT ? fastest : rates[0]!;
}

/** GFLOP/s of a product by the adapter's clock. */
async function rateOf(device: Device, a: Tensor, b: Tensor): Promise<number> {
  const { milliseconds } = await device.profile(() => {
    for (let i = 0; i < QUEUED; i++) matmul(a, b).dispose();
  });
  return QUEUED * 2 * a.size * b.shape[1]! / milliseconds / 1e6;
}

/** Compares a product with sums in float64 where rows and columns of a coarse grid meet. */
async function check(a: Tensor, b: Tensor, tiling: TilingName | undefined): Promise<void> {
  using product = matmul(a, b);
  const [left, right, actual] = await Promise.all([a.data(), b.data(), product.data()]);
  const [m, k] = a.shape as [number, number], n = b.shape[1]!;
  for (let row = 0; row < m; row += 37) {
    for (let column = 0; column < n; column += 41) {
      let sum = 0;
      for (let i = 0; i < k; i++) sum += left[row * k + i]! * right[i * n + column]!;
      const found = actual[row * n + column]!;
      if (Math.abs(found - sum) < 1e-5 * k) continue;
      throw new Error(
        `Cannot tune: with tiling ${
          tiling ?? "by size"
        }, result [${row}, ${column}] of a product ` +
          `is ${found}, expected ${sum}: the adapter's driver computes it wrongly`,
      );
    }
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
