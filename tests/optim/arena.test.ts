// Parameters, gradients and state side by side: one kernel a step, and nothing that anybody notices.

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  AdamW,
  type Device,
  gradNorm,
  measureGradients,
  noGrad,
  SGD,
  type Tensor,
  TransformerLM,
} from "../../mod.ts";
import { layOut } from "../../src/optim/arena.ts";
import { gpuTest, VARIANTS } from "../gpu.ts";

const CONFIG = { vocabSize: 13, contextLength: 6, dModel: 12, nLayers: 2, nHeads: 2, dFf: 18 };

function batch(device: Device): [Tensor, Tensor] {
  const ids = (step: number) => Int32Array.from({ length: 12 }, (_, i) => (i * step + step) % 13);
  return [device.tensor(ids(5), { shape: [2, 6] }), device.tensor(ids(7), { shape: [2, 6] })];
}

/** Adds to the gradients of a small model */
function backward(model: TransformerLM): void {
  using _scope = model.device.scope();
  const [tokens, targets] = batch(model.device);
  model.loss(tokens, targets).backward();
}

/** Adds to the gradients of everything that the sum of a tensor depends on */
function backpropagate(device: Device, compute: () => Tensor): void {
  using _scope = device.scope();
  compute().sum().backward();
}

function countDispatches(device: Device, run: () => void): number {
  const { recorder } = device.runtime;
  const before = recorder.counts.dispatches;
  run();
  return recorder.counts.dispatches - before;
}

const valuesOf = (tensors: readonly Tensor[]) =>
  Promise.all(tensors.map(async (tensor) => [...await tensor.data()]));

function buffersOf(tensors: readonly Tensor[]) {
  return tensors.map((tensor) => tensor.storage("test").buffer!);
}

Deno.test("layOut() puts tensors side by side, into a new buffer where one is full", () => {
  assertEquals(layOut([4, 256, 0, 257, 8], 1024), {
    places: [
      { buffer: 0, byteOffset: 0, bytes: 4 },
      { buffer: 0, byteOffset: 256, bytes: 256 },
      { buffer: 0, byteOffset: 512, bytes: 0 },
      { buffer: 0, byteOffset: 512, bytes: 257 },
      { buffer: 1, byteOffset: 0, bytes: 8 },
    ],
    buffers: [1024, 256],
  });
});

for (const tieEmbeddings of [false, true]) {
  gpuTest(`a step takes one dispatch, its norm two, tied: ${tieEmbeddings}`, async (device) => {
    for (const make of [(p: Tensor[]) => new AdamW(p), (p: Tensor[]) => new SGD(p)]) {
      using model = new TransformerLM(device, { ...CONFIG, tieEmbeddings }, { seed: 0 });
      using optimizer = make(model.parameters());
      backward(model);
      let measures: ReturnType<typeof measureGradients> | undefined;
      assertEquals(
        countDispatches(
          device,
          () => measures = measureGradients(model.parameters(), { maxNorm: 0.1 }),
        ),
        2,
      );
      using norm = measures!.norm, factor = measures!.factor;
      const gradients = (await valuesOf(model.parameters().map(({ grad }) => grad!))).flat();
      const expected = Math.hypot(...gradients);
      assert(Math.abs(await norm.item() / expected - 1) < 1e-6);
      assert(Math.abs(await factor.item() * (expected + 1e-6) / 0.1 - 1) < 1e-6);
      assertEquals(countDispatches(device, () => optimizer.step({ gradientScale: factor })), 1);
      optimizer.zeroGrad();
    }
  });
}

gpuTest("groups share a dispatch, and each has its own options", async (device) => {
  const sizes = [[3000], [5, 7], [64], [1100], [1], [2048]];
  const groups = [{ weightDecay: 0.3 }, { lr: 0.01, eps: 0.1 }, { betas: [0.5, 0.6] as const }];
  const make = (shape: number[], seed: number) => {
    return device.randn(shape, { seed, requiresGrad: true });
  };
  const together = sizes.map(make), apart = sizes.map(make);
  const ofGroup = (tensors: Tensor[], i: number) => tensors.slice(2 * i, 2 * i + 2);
  using optimizer = new AdamW(
    groups.map((options, i) => ({ params: ofGroup(together, i), ...options })),
  );
  const optimizers = groups.map((options, i) => new AdamW(ofGroup(apart, i), options));
  for (let step = 0; step < 3; step++) {
    for (const w of [...together, ...apart]) backpropagate(device, () => w.square().mul(w));
    assertEquals(countDispatches(device, () => optimizer.step()), 1);
    for (const each of optimizers) each.step();
    assertEquals(await valuesOf(together), await valuesOf(apart));
    for (const each of [optimizer, ...optimizers]) each.zeroGrad();
  }
  // A gap costs a dispatch and nothing else.
  for (const w of [...together, ...apart]) {
    if (w.size !== 1100) backpropagate(device, () => w.square());
  }
  assertEquals(countDispatches(device, () => optimizer.step()), 2);
  for (const each of optimizers) each.step();
  assertEquals(await valuesOf(together), await valuesOf(apart));
  for (const each of [optimizer, ...optimizers]) each.zeroGrad();
  for (const each of optimizers) each.dispose();
  for (const w of [...together, ...apart]) w.dispose();
});

gpuTest(
  "gradients come to their places without copies, and leave what is between at 0",
  async (device) => {
    using model = new TransformerLM(device, CONFIG, { seed: 0 });
    using optimizer = new AdamW(model.parameters());
    using plain = new TransformerLM(device, CONFIG, { seed: 0 });
    for (let pass = 0; pass < 2; pass++) {
      const expected = countDispatches(device, () => backward(plain));
      assertEquals(countDispatches(device, () => backward(model)), expected);
    }
    const parameters = model.parameters();
    for (const tensors of [parameters, parameters.map(({ grad }) => grad!)]) {
      const buffers = buffersOf(tensors);
      const { whole } = buffers[0]!;
      let byteOffset = 0;
      for (const buffer of buffers) {
        assertEquals(buffer.whole, whole);
        assertEquals(buffer.byteOffset, byteOffset);
        byteOffset += buffer.size;
      }
      const all = tensors[0]!.storage("test").extended(byteOffset);
      const first = tensors[0]!;
      using flat = first.view({ shape: [1] });
      flat.dispose();
      const bytes = await device.runtime.recorder.read([
        { buffer: all.buffer!, byteOffset: 0, bytes: byteOffset },
      ]);
      all.release();
      const values = new Float32Array(bytes[0]!);
      let filled = 0;
      for (const [i, buffer] of buffers.entries()) {
        const start = buffer.byteOffset / 4, end = (buffer.byteOffset + buffer.size) / 4;
        const padding = values.subarray(start + tensors[i]!.size, end);
        assert(padding.every((value) => value === 0), `behind tensor ${i}`);
        filled += tensors[i]!.size;
      }
      assert(filled < values.length);
    }
    optimizer.zeroGrad();
  },
);

for (const variant of Object.keys(VARIANTS)) {
  gpuTest("two passes add up, in their places and elsewhere alike", async (device) => {
    for (const tieEmbeddings of [false, true]) {
      using plain = new TransformerLM(device, { ...CONFIG, tieEmbeddings }, { seed: 0 });
      using placed = new TransformerLM(device, { ...CONFIG, tieEmbeddings }, { seed: 0 });
      using optimizer = new AdamW(placed.parameters());
      for (let pass = 0; pass < 2; pass++) {
        backward(plain);
        backward(placed);
        const expected = await valuesOf(plain.parameters().map(({ grad }) => grad!));
        assertEquals(await valuesOf(placed.parameters().map(({ grad }) => grad!)), expected);
      }
      optimizer.zeroGrad();
      for (const parameter of plain.parameters()) parameter.grad?.dispose();
    }
  }, { variant });
}

gpuTest(
  "parameters keep their values, views and captured successors when they move",
  async (device) => {
    using w = device.tensor([[1, 2, 3], [4, 5, 6]], { requiresGrad: true });
    using b = device.tensor([7], { requiresGrad: true });
    using turned = noGrad(() => w.transpose());
    const held = device.memory().liveTensors;
    let sum: Tensor | undefined;
    using early = device.capture(() => {
      using scope = device.scope();
      sum = scope.keep(noGrad(() => w.sum()));
    });
    using _sum = sum!;
    using optimizer = new SGD([w, b], { lr: 1 });
    assertEquals(await turned.nested(), [[1, 4], [2, 5], [3, 6]]);
    w.write([6, 5, 4, 3, 2, 1]);
    assertEquals(await turned.nested(), [[6, 3], [5, 2], [4, 1]]);
    assertThrows(() => early.run(), Error, "a new optimizer has moved parameters that it uses");
    backpropagate(device, () => w.add(b));
    optimizer.step();
    optimizer.zeroGrad();
    assertEquals(await w.nested(), [[5, 4, 3], [2, 1, 0]]);
    assertEquals(await b.nested(), [1]);
    optimizer.dispose();
    assertEquals(device.memory().liveTensors, held + 1);
    assertEquals(await turned.nested(), [[5, 2], [4, 1], [3, 0]]);
  },
);

gpuTest("an optimizer over the same parameters moves nothing", (device) => {
  using model = new TransformerLM(device, CONFIG, { seed: 0 });
  new AdamW(model.parameters()).dispose();
  const before = buffersOf(model.parameters());
  using _again = new AdamW(model.parameters());
  assertEquals(buffersOf(model.parameters()), before);
});

gpuTest("two optimizers may share parameters", async (device) => {
  using a = device.tensor([1, 1], { requiresGrad: true });
  using b = device.tensor([2], { requiresGrad: true });
  using c = device.tensor([3], { requiresGrad: true });
  using first = new SGD([a, b], { lr: 1 });
  using second = new SGD([b, c], { lr: 0.5 });
  backpropagate(device, () => a.add(b).add(c));
  first.step();
  second.step();
  assertEquals(await valuesOf([a, b, c]), [[0, 0], [-1], [2]]);
  first.zeroGrad();
  second.zeroGrad();
  second.dispose();
  backpropagate(device, () => a.add(b));
  first.step();
  first.zeroGrad();
  assertEquals(await valuesOf([a, b, c]), [[-1, -1], [-3], [2]]);
});

gpuTest("what has no gradient, is frozen or unused stays as it is", async (device) => {
  const parameters = [1, 2, 3, 4].map((value) => device.tensor([value], { requiresGrad: true }));
  const [a, b, c, d] = parameters as [Tensor, Tensor, Tensor, Tensor];
  using optimizer = new SGD(parameters, { lr: 1 });
  // All have had gradients once: what is left of them must not count.
  backpropagate(device, () => a.add(b).add(c).add(d));
  optimizer.zeroGrad();
  b.requiresGrad = false;
  backpropagate(device, () => a.add(b).add(d));
  using norm = gradNorm(parameters);
  assert(Math.abs(await norm.item() - Math.SQRT2) < 1e-6);
  optimizer.step();
  assertEquals(await valuesOf(parameters), [[0], [2], [3], [3]]);
  for (const parameter of parameters) parameter.dispose();
});

gpuTest("a gradient that somebody keeps is not overwritten by the next", async (device) => {
  using w = device.tensor([3], { requiresGrad: true });
  using optimizer = new SGD([w], { lr: 1 });
  backpropagate(device, () => w.mul(2));
  const kept = w.grad!;
  w.grad = undefined;
  backpropagate(device, () => w.mul(5));
  assertEquals(await valuesOf([kept, w.grad!]), [[2], [5]]);
  using view = w.grad!.view();
  optimizer.zeroGrad();
  backpropagate(device, () => w.mul(7));
  assertEquals(await valuesOf([view, w.grad!]), [[5], [7]]);
  optimizer.step();
  assertEquals(await valuesOf([w]), [[-4]]);
  kept.dispose();
});

gpuTest("models and optimizers may go in any order", async (device) => {
  const { usedBytes } = device.memory();
  for (const modelFirst of [true, false]) {
    const model = new TransformerLM(device, CONFIG, { seed: 0 });
    const optimizer = new AdamW(model.parameters());
    backward(model);
    optimizer.step();
    for (const owner of modelFirst ? [model, optimizer] : [optimizer, model]) owner.dispose();
    await device.finish();
    assertEquals(device.memory().usedBytes, usedBytes);
  }
});

gpuTest("loadStateDict() takes values from parameters that lie beside", async (device) => {
  using one = new TransformerLM(device, CONFIG, { seed: 0 });
  using other = new TransformerLM(device, CONFIG, { seed: 1 });
  using _optimizer = new AdamW([...one.parameters(), ...other.parameters()]);
  one.loadStateDict(other.stateDict());
  assertEquals(await valuesOf(one.parameters()), await valuesOf(other.parameters()));
});

gpuTest("what cannot be optimized is refused", (device) => {
  using w = device.tensor([[1, 2], [3, 4]]);
  using row = noGrad(() => w.slice({ start: 1 }));
  row.requiresGrad = true;
  assertThrows(
    () => new AdamW([row]),
    TypeError,
    "Cannot optimize Tensor f32 [1, 2]: it is a view of a part of another tensor",
  );
  w.requiresGrad = true;
  using optimizer = new AdamW([w]);
  w.grad = device.ones([4]);
  assertThrows(
    () => optimizer.step(),
    TypeError,
    "Cannot optimize with a gradient Tensor f32 [4]: needs f32 of shape [2, 2]",
  );
});

for (const variant of Object.keys(VARIANTS)) {
  gpuTest("gradients of matrices of any size come to their places and add up", async (device) => {
    for (const [rows, from, to] of [[200, 5, 3], [12, 70, 40], [1, 9, 300], [130, 16, 16]]) {
      using w = device.randn([to!, from!], { seed: 1, requiresGrad: true });
      using x = device.randn([rows!, from!], { seed: 2, requiresGrad: true });
      using _optimizer = new AdamW([w, x]);
      const compute = () => x.matmul(w.transpose()).mul(0.5).square();
      backpropagate(device, compute);
      const [dw, dx] = await valuesOf([w.grad!, x.grad!]);
      const [expectedW, expectedX] = await expectedGradients(w, x);
      backpropagate(device, compute);
      const [twiceW, twiceX] = await valuesOf([w.grad!, x.grad!]);
      for (const [once, twice, expected] of [[dw, twiceW, expectedW], [dx, twiceX, expectedX]]) {
        const scale = Math.max(...expected!.map(Math.abs));
        for (const [i, value] of expected!.entries()) {
          assert(Math.abs(once![i]! - value) < 2e-6 * scale, `${once![i]} instead of ${value}`);
          assert(Math.abs(twice![i]! - 2 * value) < 4e-6 * scale, `${twice![i]} for 2 · ${value}`);
        }
      }
    }
  }, { variant });
}

/** Gradients of `sum((x wᵀ / 2)²)` in double precision: those of `w` and of `x` */
async function expectedGradients(w: Tensor, x: Tensor): Promise<number[][]> {
  const [[to, from], rows] = [w.shape as [number, number], x.shape[0]!];
  const [ws, xs] = [await w.data(), await x.data()];
  const dw = new Array<number>(to * from).fill(0), dx = new Array<number>(rows * from).fill(0);
  for (let row = 0; row < rows; row++) {
    for (let out = 0; out < to; out++) {
      let y = 0;
      for (let k = 0; k < from; k++) y += xs[row * from + k]! * ws[out * from + k]!;
      for (let k = 0; k < from; k++) {
        dw[out * from + k]! += y / 2 * xs[row * from + k]!;
        dx[row * from + k]! += y / 2 * ws[out * from + k]!;
      }
    }
  }
  return [dw, dx];
}
