/** The tape: accumulation, freeing, scopes, and what it says when it is misused. */

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { noGrad } from "../src/autograd.ts";
import { gelu } from "../src/ops/activations.ts";
import { concat } from "../src/ops/joining.ts";
import { clipGradNorm } from "../src/optim/clip.ts";
import type { Tensor } from "../src/tensor.ts";
import { gpuTest } from "./gpu.ts";

gpuTest("backward() adds to the gradients of an earlier call", async (device) => {
  using x = device.tensor([1, 2], { requiresGrad: true });
  for (const factor of [3, 4]) {
    using loss = x.mul(factor).sum();
    loss.backward();
  }
  assertEquals(await x.grad!.nested(), [7, 7]);
});

gpuTest("backward() adds up the gradients of a tensor used several times", async (device) => {
  using x = device.tensor([2, 3], { requiresGrad: true });
  // x · x + x · 5, where x · 5 is used twice.
  const five = x.mul(5);
  using loss = x.mul(x).add(five).add(five).sum();
  loss.backward();
  assertEquals(await x.grad!.nested(), [14, 16]);
});

gpuTest("backward() does not write over a gradient that two inputs share", async (device) => {
  using x = device.tensor([1, 2], { requiresGrad: true });
  using y = device.tensor([3, 4], { requiresGrad: true });
  // The rule of add hands the very same gradient to both inputs; x gets another part later.
  const sum = x.add(y);
  using loss = sum.add(x.mul(10)).sum();
  loss.backward();
  assertEquals(await x.grad!.nested(), [11, 11]);
  assertEquals(await y.grad!.nested(), [1, 1]);
  using again = x.add(y).sum();
  again.backward();
  assertEquals(await x.grad!.nested(), [12, 12]);
  assertEquals(await y.grad!.nested(), [2, 2]);
});

gpuTest("gradients share memory neither with each other nor with the caller's", async (device) => {
  using x = device.tensor([1, 2], { requiresGrad: true });
  using y = device.tensor([3, 4], { requiresGrad: true });
  using gradient = device.tensor([3, 4]);
  using sum = x.add(y);
  sum.backward(gradient);
  // The common norm is √50: clipping to 1 divides each gradient by it, once.
  clipGradNorm([x, y], 1).dispose();
  for (const grad of [x.grad!, y.grad!]) {
    const clipped = await grad.data();
    assertAlmostEquals(clipped[0]!, 3 / Math.sqrt(50), 1e-6);
    assertAlmostEquals(clipped[1]!, 4 / Math.sqrt(50), 1e-6);
  }
  assertEquals(await gradient.nested(), [3, 4]);
});

gpuTest("backward() with a gradient starts from it and leaves it alone", async (device) => {
  using x = device.tensor([1, 2], { requiresGrad: true });
  using gradient = device.tensor([10, 100]);
  using y = x.add(1);
  y.backward(gradient);
  using more = x.add(1);
  more.backward(gradient);
  assertEquals(await x.grad!.nested(), [20, 200]);
  assertEquals(await gradient.nested(), [10, 100]);
});

gpuTest("backward() of a leaf gives it a gradient of 1", async (device) => {
  using x = device.tensor([[3]], { requiresGrad: true });
  x.backward();
  assertEquals(await x.grad!.nested(), [[1]]);
});

gpuTest("backward() computes no gradients for inputs that need none", async (device) => {
  using x = device.tensor([1, 2], { requiresGrad: true });
  using constant = device.tensor([3, 4]);
  using loss = x.mul(constant).sum();
  loss.backward();
  assertEquals(await x.grad!.nested(), [3, 4]);
  assertEquals(constant.grad, undefined);
});

gpuTest(
  "backward() frees intermediate results and saved tensors, and keeps the loss",
  async (device) => {
    using x = device.tensor([1, 2], { requiresGrad: true });
    const before = device.memory().liveTensors;
    const loss = gelu(x.exp().mul(x)).sum();
    loss.backward();
    // The loss and the gradient.
    assertEquals(device.memory().liveTensors, before + 2);
    assert(Number.isFinite(await loss.item()));
    loss.dispose();
  },
);

gpuTest("a second backward() through the same graph throws and names the op", (device) => {
  using x = device.tensor([1, 2], { requiresGrad: true });
  using loss = x.exp().sum();
  loss.backward();
  assertThrows(
    () => loss.backward(),
    Error,
    "Cannot call backward() twice through sum: its saved tensors were freed",
  );
});

gpuTest("backward() through a part that another backward() freed throws", (device) => {
  using x = device.tensor([1, 2], { requiresGrad: true });
  const shared = x.exp();
  using first = shared.sum();
  using double = shared.mul(2);
  using second = double.sum();
  first.backward();
  assertThrows(() => second.backward(), Error, "Cannot call backward() twice through exp");
});

gpuTest("keep() lets results outlive backward()", async (device) => {
  using x = device.tensor([0, 1], { requiresGrad: true });
  const kept = x.exp().keep();
  using loss = kept.mul(kept).sum();
  loss.backward();
  assertEquals((await kept.data())[0], 1);
  kept.dispose();
});

gpuTest("backward() needs one element, or a gradient of the right shape", (device) => {
  using _scope = device.scope();
  const x = device.tensor([1, 2], { requiresGrad: true });
  assertThrows(
    () => x.exp().backward(),
    TypeError,
    "Cannot call backward() on a tensor of shape [2]: needs one element, or a gradient",
  );
  assertThrows(
    () => x.exp().backward(device.ones([3])),
    TypeError,
    "Cannot call backward() on a tensor of shape [2]: needs a gradient of that shape, got [3]",
  );
  assertThrows(
    () => device.ones([1]).backward(),
    TypeError,
    "Cannot call backward(): nothing that led to this tensor requires gradients",
  );
});

gpuTest("noGrad() records nothing, nests, and recovers from errors", (device) => {
  using _scope = device.scope();
  const x = device.tensor([1], { requiresGrad: true });
  const inner = noGrad(() => noGrad(() => x.mul(2)).add(x));
  assertEquals(inner.requiresGrad, false);
  assertThrows(
    () =>
      noGrad(() => {
        throw new RangeError("stop");
      }),
    RangeError,
    "stop",
  );
  assertEquals(x.mul(2).requiresGrad, true);
  assertThrows(
    () => noGrad(() => Promise.resolve(1)),
    TypeError,
    "Cannot run an asynchronous function in noGrad(): needs a synchronous one",
  );
});

gpuTest("detach() shares memory and stops gradients", async (device) => {
  using x = device.tensor([3], { requiresGrad: true });
  using detached = x.detach();
  assertEquals(detached.requiresGrad, false);
  using loss = x.mul(detached).sum();
  loss.backward();
  assertEquals(await x.grad!.nested(), [3]);
  detached.write([7]);
  assertEquals(await x.nested(), [7]);
});

gpuTest("requiresGrad is for f32 leaves", (device) => {
  using _scope = device.scope();
  const x = device.tensor([1], { requiresGrad: true });
  const y = x.mul(2);
  assertThrows(
    () => y.requiresGrad = false,
    TypeError,
    "Cannot set requiresGrad: this tensor is the result of an op",
  );
  const ids = device.tensor(new Int32Array(2));
  assertThrows(
    () => ids.requiresGrad = true,
    TypeError,
    "Cannot require gradients of a tensor of type i32: needs f32",
  );
  assertEquals(x.mul(2).greater(1).requiresGrad, false);
});

gpuTest("a graph that is dropped without backward() frees what it saved", (device) => {
  using x = device.ones([1000], { requiresGrad: true });
  const before = device.memory();
  const parts = [x.exp(), x.tanh()];
  const joined = concat(parts);
  const loss = joined.sum();
  for (const tensor of [loss, joined, ...parts]) tensor.dispose();
  assertEquals(device.memory().liveTensors, before.liveTensors);
  assertEquals(device.memory().usedBytes, before.usedBytes);
});

gpuTest("disposing of an intermediate result early does not break backward()", async (device) => {
  using x = device.tensor([1, 2], { requiresGrad: true });
  const squares = x.mul(x);
  using loss = squares.mul(squares).sum();
  squares.dispose();
  loss.backward();
  assertEquals(await x.grad!.nested(), [4, 32]);
});

gpuTest("a scope frees graph and results, and hands the loss on", async (device) => {
  using x = device.tensor([1, 2], { requiresGrad: true });
  const before = device.memory().liveTensors;
  const step = (): Tensor => {
    using scope = device.scope();
    const hidden = x.exp();
    const loss = hidden.mul(hidden).sum();
    loss.backward();
    assertEquals(hidden.isDisposed, false, "What a scope owns lives until its end");
    return scope.keep(loss);
  };
  using loss = step();
  assertEquals(device.memory().liveTensors, before + 2);
  assert(await loss.item() > 0);
});

gpuTest("scopes nest: keep() hands on to the enclosing scope", async (device) => {
  const before = device.memory().liveTensors;
  let outlived: Tensor;
  {
    using outer = device.scope();
    let kept: Tensor;
    {
      using inner = device.scope();
      kept = inner.keep(device.ones([2]));
      device.ones([3]);
      outlived = inner.keep(device.ones([4]));
    }
    assertEquals(device.memory().liveTensors, before + 2);
    assertEquals(await kept.nested(), [1, 1]);
    outer.keep(outlived);
  }
  assertEquals(device.memory().liveTensors, before + 1);
  outlived.dispose();
});

gpuTest("scopes may be closed early, twice and out of order", (device) => {
  const before = device.memory().liveTensors;
  const outer = device.scope();
  const x = device.ones([2]);
  const inner = device.scope();
  const y = device.ones([2]);
  outer.dispose();
  assertEquals([x.isDisposed, y.isDisposed], [true, false]);
  const z = device.ones([2]);
  inner.dispose();
  inner.dispose();
  assertEquals([y.isDisposed, z.isDisposed], [true, true]);
  assertEquals(device.memory().liveTensors, before);
  using outside = device.ones([2]);
  assertEquals(outside.isDisposed, false);
});

gpuTest("dispose() frees the gradient and may be called again", (device) => {
  const before = device.memory();
  const x = device.ones([100], { requiresGrad: true });
  using loss = x.sum();
  loss.backward();
  x.dispose();
  x.dispose();
  loss.dispose();
  assertEquals(device.memory().liveTensors, before.liveTensors);
  assertEquals(device.memory().usedBytes, before.usedBytes);
});

gpuTest("using a disposed tensor throws and names the op", async (device) => {
  const x = device.ones([2, 3]);
  x.dispose();
  const attempts: Record<string, () => unknown> = {
    add: () => x.add(1),
    tanh: () => x.tanh(),
    sum: () => x.sum(),
    "view": () => x.reshape([6]),
    "write to": () => x.write(new Float32Array(6)),
  };
  for (const [op, attempt] of Object.entries(attempts)) {
    assertThrows(attempt, Error, `Cannot ${op}: the tensor of shape [2, 3] was disposed`);
  }
  let message = "";
  await x.data().catch((error) => message = error.message);
  assertEquals(message, "Cannot read: the tensor of shape [2, 3] was disposed");
});

gpuTest("using what backward() freed says why it is gone", (device) => {
  using x = device.ones([2], { requiresGrad: true });
  const hidden = x.exp();
  using loss = hidden.sum();
  loss.backward();
  assertThrows(
    () => hidden.add(1),
    Error,
    "Cannot add: the tensor of shape [2] was disposed (backward() frees ",
  );
});

gpuTest("memory stays flat over many steps", async (device) => {
  using weight = device.randn([16, 16], { seed: 1, requiresGrad: true });
  using x = device.randn([4, 16], { seed: 2 });
  const step = () => {
    using loss = x.matmul(weight).tanh().square().mean();
    loss.backward();
  };
  step();
  await device.finish();
  const { liveTensors, usedBytes, buffersCreated } = device.memory();
  for (let i = 0; i < 100; i++) step();
  await device.finish();
  const after = device.memory();
  assertEquals([after.liveTensors, after.usedBytes], [liveTensors, usedBytes]);
  assert(after.buffersCreated <= buffersCreated + 2, "Freed buffers are used again");
});

gpuTest("retainGrad() leaves the gradient of an intermediate result on it", async (device) => {
  using x = device.tensor([1, 2], { requiresGrad: true });
  using y = x.mul(3).retainGrad().keep();
  using loss = y.square().sum();
  loss.backward();
  assertEquals(await y.grad!.nested(), [6, 12]);
  assertEquals(await x.grad!.nested(), [18, 36]);
});

gpuTest("keep() spares an intermediate result from backward()", async (device) => {
  using x = device.tensor([1, 2], { requiresGrad: true });
  using y = x.mul(3).keep();
  using loss = y.sum();
  loss.backward();
  assertEquals(await y.nested(), [3, 6]);
});
