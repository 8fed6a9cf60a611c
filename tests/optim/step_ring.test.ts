// The ring of a training's latest results: what captured steps leave in it is what they computed.

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Device,
  LossScaler,
  measureGradients,
  SGD,
  StepRing,
  type Tensor,
} from "../../mod.ts";
import { gpuTest } from "../gpu.ts";

const MAX_NORM = 2;

/** One step down `sum(x⁴)`; gives what went into the ring as scalars of their own */
function step(
  device: Device,
  { x, optimizer, ring }: { x: Tensor; optimizer: SGD; ring?: StepRing },
): { loss: Tensor; norm: Tensor; factor: Tensor } {
  using scope = device.scope();
  const loss = scope.keep(x.square().square().sum());
  loss.backward();
  const { norm, factor } = measureGradients([x], {
    maxNorm: MAX_NORM,
    ...(ring && { record: { ring, loss } }),
  });
  optimizer.step({ gradientScale: factor });
  optimizer.zeroGrad();
  scope.keep(norm);
  scope.keep(factor);
  return { loss, norm, factor };
}

gpuTest("a captured step leaves its results in the next row of the ring", async (device) => {
  using x = device.tensor([1.5, -1, 0.5], { requiresGrad: true });
  using twin = device.tensor([1.5, -1, 0.5], { requiresGrad: true });
  using optimizer = new SGD([x], { lr: 0.1 }), twins = new SGD([twin], { lr: 0.1 });
  using ring = new StepRing(device, { capacity: 3 });
  assertEquals(await ring.read(), []);
  let results: Tensor[] = [];
  using graph = device.capture(() => {
    results = Object.values(step(device, { x, optimizer, ring }));
  });
  const expected = [];
  for (let taken = 1; taken <= 8; taken++) {
    if (taken > 1) graph.run();
    const { loss, norm, factor } = step(device, { x: twin, optimizer: twins });
    const [lossValue, gradNorm, clipFactor] = [
      await loss.item(),
      await norm.item(),
      await factor.item(),
    ];
    expected.push({ loss: lossValue, gradNorm, clipFactor });
    assert(Math.abs(clipFactor - Math.min(1, MAX_NORM / (gradNorm + 1e-6))) < 1e-6);
    assertEquals(await ring.read(), expected.slice(-3), `after ${taken} steps`);
    for (const scalar of [loss, norm, factor]) scalar.dispose();
  }
  assert(expected[0]!.clipFactor < 1);
  assertEquals(expected.at(-1)!.clipFactor, 1);
  for (const scalar of results) scalar.dispose();
});

gpuTest("writing to the ring takes no dispatch of its own", (device) => {
  using x = device.tensor([1, 2], { requiresGrad: true });
  using optimizer = new SGD([x]);
  using ring = new StepRing(device);
  const dispatches = [{}, { ring }].map((more) => {
    const { recorder } = device.runtime;
    const before = recorder.counts.dispatches;
    Object.values(step(device, { x, optimizer, ...more })).forEach((scalar) => scalar.dispose());
    return recorder.counts.dispatches - before;
  });
  assertEquals(dispatches[1], dispatches[0]);
});

gpuTest("the ring tells norm and clip factor without the scale of the loss", async (device) => {
  using x = device.tensor([3], { requiresGrad: true });
  using scaler = new LossScaler(device, { initScale: 1024 });
  using ring = new StepRing(device);
  for (const factor of [0.25, 8, 1000]) {
    using _scope = device.scope();
    const loss = x.to("f16").mul(factor).to("f32").sum();
    scaler.backward(loss);
    measureGradients([x], { maxNorm: 2, scaler, record: { ring, loss } });
    x.grad!.dispose();
    x.grad = undefined;
  }
  const [small, large, overflowed] = await ring.read();
  assertEquals(small, { loss: 0.75, gradNorm: 0.25, clipFactor: 1 });
  assertEquals(large, { loss: 24, gradNorm: 8, clipFactor: Math.fround(2 / (8 + 1e-6)) });
  assertEquals(overflowed!.loss, 3000);
  assert(!Number.isFinite(overflowed!.gradNorm));
  assertEquals(overflowed!.clipFactor, 0);
});

gpuTest("a ring without room is refused", (device) => {
  assertThrows(
    () => new StepRing(device, { capacity: 0 }),
    RangeError,
    "Cannot keep 0 steps: needs a positive integer",
  );
});
