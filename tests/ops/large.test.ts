/**
 * Tensors beyond the limits of one dispatch: 65,535 workgroups along a dimension, and the 65,535
 * rounds after which llvmpipe silently ends the loops of an invocation.
 */

import { assert, assertEquals } from "@std/assert";
import { embedding, gather, scatterAdd } from "../../src/ops/indexing.ts";
import { gpuTest, VARIANTS } from "../gpu.ts";

/** More than the rounds of a loop, and not a multiple of 4 */
const LONG = 70_003;

for (const variant of Object.keys(VARIANTS)) {
  gpuTest("sum(), mean(), max() and argmax() of a million elements", async (device) => {
    using _scope = device.scope();
    const size = 1_048_583;
    const values = new Float32Array(size);
    for (let i = 0; i < size; i++) values[i] = Math.fround(Math.sin(i) + 0.5);
    values[1_000_001] = 7;
    const x = device.tensor(values);
    const exact = values.reduce((sum, value) => sum + value, 0);
    const scale = values.reduce((sum, value) => sum + Math.abs(value), 0);
    assert(Math.abs(await x.sum().item() - exact) < 1e-7 * scale);
    assert(Math.abs(await x.mean().item() - exact / size) < 1e-7 * scale / size);
    assertEquals(await x.max().item(), 7);
    assertEquals(await device.ones([size]).sum().item(), size);
    assertEquals((await x.argmax().data<Int32Array>())[0], 1_000_001);
  }, { variant });

  gpuTest("reductions and softmax along an axis longer than a loop may be", async (device) => {
    using _scope = device.scope();
    const ones = device.ones([LONG, 3]);
    assertEquals(await ones.sum({ axis: 0 }).nested(), [LONG, LONG, LONG]);
    assertEquals(await ones.transpose().sum({ axis: 1 }).nested(), [LONG, LONG, LONG]);
    assertEquals(await ones.sum({ axis: 1 }).sum().item(), 3 * LONG);
    const rows = device.zeros([2, 10 * LONG]).softmax().sum({ axis: 1 });
    for (const total of await rows.data()) assert(Math.abs(total - 1) < 1e-5, `${total}`);
  }, { variant });

  gpuTest("matmul() along an inner axis longer than a loop may be", async (device) => {
    using _scope = device.scope();
    const inner = 4 * LONG;
    const a = device.ones([1, inner]), b = device.ones([inner, 2]);
    assertEquals(await a.matmul(b).nested(), [[inner, inner]]);
    const rows = device.ones([inner, 2]);
    assertEquals(await rows.transpose().matmul(b).nested(), [[inner, inner], [inner, inner]]);
  }, { variant });
}

gpuTest("pointwise ops fold grids of more than 65,535 workgroups", async (device) => {
  using _scope = device.scope();
  // Not a multiple of 4, so that each invocation computes one element.
  const size = 65_536 * 64 + 5;
  const y = await device.ones([size]).add(1).data();
  assertEquals(y.length, size);
  assertEquals(y.findIndex((value) => value !== 2), -1);
});

gpuTest("cumsum() along an axis longer than a loop may be", async (device) => {
  using _scope = device.scope();
  const y = await device.ones([LONG]).cumsum({ axis: 0 }).data();
  assertEquals(y.findIndex((value, i) => value !== i + 1), -1);
});

gpuTest("embedding() adds up more tokens of one id than a loop may have rounds", async (device) => {
  using table = device.ones([3, 4], { requiresGrad: true });
  using ids = device.tensor(Int32Array.from({ length: LONG }, (_, i) => i % 1000 === 0 ? 2 : 1));
  using rows = embedding(table, ids);
  using ones = device.ones(rows.shape);
  rows.backward(ones);
  const rare = Math.ceil(LONG / 1000), common = LONG - rare;
  const row = (value: number) => [value, value, value, value];
  assertEquals(await table.grad!.nested(), [row(0), row(common), row(rare)]);
});

gpuTest("scatterAdd() adds up more elements than a loop may have rounds", async (device) => {
  using _scope = device.scope();
  const index = device.tensor(Int32Array.from({ length: LONG }, (_, i) => i % 2));
  const sums = scatterAdd(device.zeros([3]), index, device.ones([LONG]), { axis: 0 });
  assertEquals(await sums.nested(), [Math.ceil(LONG / 2), Math.floor(LONG / 2), 0]);
  const picked = gather(device.arange(0, LONG), index.mul(LONG - 1), { axis: 0 });
  assertEquals(await picked.max().item(), LONG - 1);
});
