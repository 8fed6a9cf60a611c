import { assert, assertEquals, assertThrows } from "@std/assert";
import { dropout } from "../../src/ops/dropout.ts";
import { gpuTest } from "../gpu.ts";

const OPTIONS = { probability: 0.25, seed: 3 };

gpuTest("dropout() drops about its share and scales the others up", async (device) => {
  using _scope = device.scope();
  const size = 100_003;
  const step = device.zeros([1], { dtype: "i32" });
  const y = await dropout(device.full([size], 3), { ...OPTIONS, step }).data();
  const kept = y.filter((value) => value !== 0);
  assert(kept.every((value) => value === 4));
  // Five standard deviations of a binomial distribution.
  assert(Math.abs(kept.length / size - 0.75) < 5 * Math.sqrt(0.25 * 0.75 / size));
});

gpuTest(
  "dropout() is the same for a seed and a step, and another one otherwise",
  async (device) => {
    using _scope = device.scope();
    const x = device.ones([64]);
    const step = device.zeros([1], { dtype: "i32" });
    const first = await dropout(x, { ...OPTIONS, step }).nested();
    assertEquals(await dropout(x, { ...OPTIONS, step }).nested(), first);
    assert(String(await dropout(x, { ...OPTIONS, seed: 4, step }).nested()) !== String(first));
    const later = device.ones([1], { dtype: "i32" });
    assert(String(await dropout(x, { ...OPTIONS, step: later }).nested()) !== String(first));
  },
);

gpuTest("dropout() drops the same gradients as values", async (device) => {
  using x = device.ones([5, 13], { requiresGrad: true });
  using step = device.zeros([1], { dtype: "i32" });
  using y = dropout(x, { ...OPTIONS, step });
  using ones = device.ones([5, 13]);
  y.backward(ones);
  assertEquals(await x.grad!.nested(), await y.nested());
});

gpuTest("dropout() rejects probabilities outside [0, 1)", (device) => {
  using x = device.ones([2]);
  using step = device.zeros([1], { dtype: "i32" });
  assertThrows(
    () => dropout(x, { probability: 1, seed: 0, step }),
    RangeError,
    "Cannot drop with probability 1: needs one from 0 to below 1",
  );
});
