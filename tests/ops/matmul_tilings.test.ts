/**
 * Every tiling of matrix products in workgroup memory, forced: transpositions, edges, offsets,
 * batches, destinations and epilogues.
 */

import { assert, assertEquals } from "@std/assert";
import type { AdapterTraits } from "../../kernels/kernel.ts";
import { matmulKernel } from "../../kernels/matmul.ts";
import { matmul } from "../../src/launch/matmul.ts";
import { linear } from "../../src/ops/linear.ts";
import type { Shape } from "../../src/shape.ts";
import { feedForward } from "../../src/ops/feed_forward.ts";
import { gpuTest, TILINGS } from "../gpu.ts";
import { checkRow } from "./check.ts";
import { assertNear, draw, exact, TRANSPOSITIONS } from "./products.ts";
import { TABLE } from "./table.ts";

/** Less, as much, and more than a tile of any size, with and without whole vectors of four */
const SIZES = [
  { m: 3, n: 5, k: 7 },
  { m: 64, n: 64, k: 32 },
  { m: 129, n: 67, k: 33 },
  { m: 140, n: 132, k: 100 },
] as const;

for (const [variant, { tiling }] of Object.entries(TILINGS)) {
  gpuTest("matmul() is right in all transpositions", async (device) => {
    assertEquals(device.runtime.traits.tiling, tiling);
    for (const { m, n, k } of SIZES) {
      for (const [left, right] of TRANSPOSITIONS) {
        using _scope = device.scope();
        const a = draw(device, [m, k], left, 1), b = draw(device, [k, n], right, 2);
        assertNear(await a.matmul(b).data(), await exact(a, b), `[${m}, ${k}] by [${k}, ${n}]`);
      }
    }
  }, { variant });

  gpuTest("matmul() is right in batches, at offsets and in destinations", async (device) => {
    using _scope = device.scope();
    const a = device.randn([4, 70, 41], { seed: 1 }), b = device.randn([4, 41, 66], { seed: 2 });
    const some = a.slice({ start: 1 }), others = b.slice({ end: 3 });
    assertNear(await some.matmul(others).data(), await exact(some, others), "batches");
    const shared = b.slice({ start: 2, end: 3 }).reshape([41, 66]);
    assertNear(await a.matmul(shared).data(), await exact(a, shared), "a shared matrix");
    const rows = a.slice({ axis: 1, start: 3 }), columns = b.slice({ axis: 2, start: 5 });
    assertNear(await rows.matmul(columns).data(), await exact(rows, columns), "offsets");
    for (const columns of [66, 64]) {
      const left = rows.slice({ end: 1 }).reshape([67, 41]);
      const right = shared.slice({ axis: 1, end: columns });
      const target = device.full([2, 67, columns], 0.5).slice({ start: 1 }).reshape([67, columns]);
      matmul(left, right, { target, add: true });
      const expected = (await exact(left, right)).map((value) => value + 0.5);
      assertNear(await target.data(), expected, "added at an offset");
    }
  }, { variant });

  gpuTest("linear() adds bias and residual as its parts do", async (device) => {
    for (const [rows, inner, out] of [[140, 36, 132], [131, 35, 67]] as const) {
      using _scope = device.scope();
      const x = device.randn([rows, inner], { seed: 1 });
      const weight = device.randn([out, inner], { seed: 2 });
      const bias = device.randn([out], { seed: 3 });
      const residual = device.randn([rows, out], { seed: 4 });
      const parts = x.matmul(weight.transpose()).add(bias).add(residual);
      const fused = linear(x, weight, { bias, residual });
      assertEquals(await fused.data(), await parts.data());
    }
  }, { variant });

  gpuTest("fused ops are right beyond a tile, forward and backward", async (device) => {
    const cases: Record<string, Shape[][]> = {
      "feedForward with SwiGLU": [
        [[2, 35, 9], [67, 9], [3, 67], [67, 9]],
        [[66, 4], [68, 4], [4, 68], [68, 4]],
      ],
      "rotaryLinear with heads of 4": [[[2, 35, 9], [68, 9]]],
    };
    for (const [name, shapes] of Object.entries(cases)) {
      await checkRow(device, { ...TABLE.find((row) => row.name === name)!, shapes });
    }
  }, { variant });
}

gpuTest("feedForward() computes gate and values in one kernel", async (device) => {
  using _scope = device.scope();
  const x = device.randn([5, 6], { seed: 1 });
  const [w1, w3] = [2, 3].map((seed) => device.randn([7, 6], { seed }));
  const w2 = device.randn([6, 7], { seed: 4 });
  const { dispatches } = await device.profile(() => {
    feedForward(x, { w1: w1!, w2, w3: w3! }, { activation: "swiglu" });
  });
  const names = dispatches.map(({ name }) => name);
  assertEquals(names, ["matmul_pair_32x32_swiglu", "matmul_tiled_32x32"]);
}, { variant: "as a GPU without subgroups" });

Deno.test("matmulKernel() shares rows where all subgroups fit, and only if asked to", () => {
  const operand = { offset: 0, leading: 512, transposed: false, batch: [] };
  const sizes = { m: 512, n: 512, k: 512, batch: [], a: operand, b: operand };
  const kernelFor = (traits: Pick<AdapterTraits, "subgroupSizes" | "tiling">) =>
    matmulKernel(
      { ...sizes, c: { offset: 0, add: false } },
      { software: false, subgroupSize: 0, subgroupPrelude: "", ...traits } as AdapterTraits,
    );
  const tiling = "subgroups";
  for (const subgroupSizes of [[4, 64], [8, 32], [32, 32], [64, 64]] as const) {
    const { name, code } = kernelFor({ subgroupSizes, tiling });
    assertEquals(name, "matmul_tiled_subgroups");
    // Lanes that a subgroup of the smallest size has
    const lanes = [...code.matchAll(/subgroupBroadcast\(mine, (\d+)u\)/g)].map(([, i]) =>
      Number(i)
    );
    assert(lanes.length > 0 && Math.max(...lanes) < subgroupSizes[0]);
    assertEquals(kernelFor({ subgroupSizes }).name, "matmul_tiled_64x64");
  }
  for (const subgroupSizes of [[0, 0], [2, 32], [64, 128]] as const) {
    assertEquals(kernelFor({ subgroupSizes, tiling }).name, "matmul_tiled_64x64");
  }
});
