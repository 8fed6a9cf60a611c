/**
 * How fast matrix products run with each tiling on this adapter. kindling chooses between 64x64 and
 * 32x32; whoever finds another one faster here can ask for it:
 * `requestDevice({ traits: { tiling: "128x64" } })`.
 *
 *     deno run -A --preload=scripts/quieten.ts bench/matmul_tilings.ts
 *
 * Each product is compared with sums in float64 at some places before it is timed.
 */

// deno-lint-ignore-file no-console

import { alignColumns } from "../cli/format.ts";
import type { TilingName } from "../kernels/kernel.ts";
import { type Device, requestDevice, type Tensor } from "../mod.ts";

/** A product [m, k] · [k, n], the second operand transposed as a layer's weight is */
const SHAPES = [
  { m: 512, n: 512, k: 512 },
  { m: 1024, n: 1024, k: 1024 },
  { m: 2048, n: 512, k: 128 },
  { m: 2048, n: 1344, k: 512 },
] as const;

const TILINGS: readonly (TilingName | undefined)[] = [
  undefined,
  "32x32",
  "64x32",
  "64x64",
  "128x64",
  "subgroups",
];

const REPEATS = 4;

/** GFLOP/s of a product, by the adapter's clock where it has one */
async function rateOf(device: Device, a: Tensor, b: Tensor): Promise<number> {
  const work = () => {
    for (let i = 0; i < REPEATS; i++) a.matmul(b).dispose();
  };
  work(); // Compiles, and wakes the adapter
  await device.finish();
  const flops = REPEATS * 2 * a.size * b.shape[1]!;
  if (device.runtime.traits.timestamps) {
    return flops / (await device.profile(work)).milliseconds / 1e6;
  }
  const start = performance.now();
  work();
  await device.finish();
  return flops / (performance.now() - start) / 1e6;
}

/** Compares a product with sums in float64 where rows and columns of a coarse grid meet */
async function check(a: Tensor, b: Tensor): Promise<void> {
  using product = a.matmul(b);
  const [left, right, actual] = await Promise.all([a.data(), b.data(), product.data()]);
  const [m, k] = a.shape as [number, number], n = b.shape[1]!;
  for (let row = 0; row < m; row += 37) {
    for (let column = 0; column < n; column += 41) {
      let sum = 0;
      for (let i = 0; i < k; i++) sum += left[row * k + i]! * right[i * n + column]!;
      const found = actual[row * n + column]!;
      if (Math.abs(found - sum) < 1e-5 * k) continue;
      throw new Error(`Result [${row}, ${column}] is ${found}, expected ${sum}`);
    }
  }
}

const lines = [["GFLOP/s", ...SHAPES.map(({ m, n, k }) => `${m}×${n}×${k}`)]];
for (const tiling of TILINGS) {
  using device = await requestDevice(tiling ? { traits: { tiling } } : {});
  const cells: string[] = [];
  for (const { m, n, k } of SHAPES) {
    using a = device.randn([m, k], { seed: 1 });
    using weight = device.randn([n, k], { seed: 2 });
    using b = weight.transpose();
    await check(a, b);
    cells.push((await rateOf(device, a, b)).toFixed(1));
  }
  lines.push([tiling ?? "as chosen", ...cells]);
}
console.log(alignColumns(lines));
