/**
 * Queries and keys turned as they are projected, and apart where somebody looks at what is in
 * between: on GPUs in one kernel, elsewhere in two.
 */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  crossEntropy,
  type Device,
  Hooks,
  noGrad,
  SGD,
  type Tensor,
  TransformerLM,
} from "../../mod.ts";
import { gpuTest, VARIANTS } from "../gpu.ts";
import { ndarray, permute, rope } from "../reference/mod.ts";

const CONFIG = { vocabSize: 11, contextLength: 12, dModel: 16, nLayers: 2, nHeads: 2, dFf: 24 };

/** A batch of tokens, the same every time */
function draw(device: Device, shape: readonly [number, number]): Tensor {
  const ids = Int32Array.from({ length: shape[0] * shape[1] }, (_, i) => (i * i + 3) % 11);
  return device.tensor(ids, { shape });
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  assertEquals(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) assertAlmostEquals(actual[i]!, expected[i]!, 2e-6);
}

for (const variant of Object.keys(VARIANTS)) {
  gpuTest("queries are the same whether or not somebody sees them straight", async (device) => {
    using model = new TransformerLM(device, CONFIG, { seed: 0 });
    using tokens = draw(device, [2, 9]);
    using plain = noGrad(() => model.forward(tokens));
    for (const name of ["q", "k"]) {
      const names = [`blocks.0.attn.hook_${name}`, `blocks.0.attn.hook_rot_${name}`];
      using both = model.runWithCache(tokens, { names });
      using turned = model.runWithCache(tokens, { names: names[1]! });
      const [straight, after] = names.map((name) => both.cache.get(name));
      // [B, T, H, D] to [B, H, T, D] and back
      const byHead = permute(ndarray(straight!.shape, await straight!.data()), [0, 2, 1, 3]);
      const expected = permute(rope(byHead), [0, 2, 1, 3]);
      assertClose(await after!.data(), expected.data);
      assertClose(await turned.cache.get(names[1]!).data(), expected.data);
      for (const { logits } of [both, turned]) {
        assertClose(await logits.data(), await plain.data());
      }
    }
  }, { variant });

  gpuTest("gradients are the same whether or not somebody sees queries", async (device) => {
    using model = new TransformerLM(device, { ...CONFIG, bias: true }, { seed: 0 });
    using tokens = draw(device, [2, 9]), targets = draw(device, [2, 9]);
    const look = () => {};
    const seen = { "blocks.0.attn.hook_q": look, "blocks.1.attn.hook_k": look };
    const found: Float32Array[][] = [];
    for (const hooks of [Hooks.none, Hooks.from(seen, model.hookNames())]) {
      {
        using _scope = device.scope();
        crossEntropy(model.forward(tokens, { hooks }), targets).backward();
      }
      found.push(await Promise.all(model.parameters().map(({ grad }) => grad!.data())));
      for (const parameter of model.parameters()) {
        parameter.grad!.dispose();
        parameter.grad = undefined;
      }
    }
    const [without, hooked] = found;
    assert(without!.every((gradient) => gradient.some((value) => value !== 0)));
    without!.forEach((gradient, i) => assertClose(hooked![i]!, gradient));
  }, { variant });

  gpuTest("tokens behind a cache are turned by their own positions", async (device) => {
    using model = new TransformerLM(device, CONFIG, { seed: 0 });
    using tokens = draw(device, [2, 10]);
    using whole = noGrad(() => model.forward(tokens));
    using cache = model.createCache({ batchSize: 2 });
    for (const [start, end] of [[0, 5], [5, 6], [6, 10]] as const) {
      using part = tokens.slice({ axis: 1, start, end });
      using logits = noGrad(() => model.forward(part, { cache }));
      using expected = whole.slice({ axis: 1, start, end });
      assertClose(await logits.data(), await expected.data());
    }
  }, { variant });

  gpuTest("a captured step of training does what the step does", async (device) => {
    const losses: number[] = [];
    for (const captures of [false, true]) {
      using model = new TransformerLM(device, CONFIG, { seed: 0 });
      using optimizer = new SGD(model.parameters(), { lr: 0.5 });
      using tokens = draw(device, [2, 9]), targets = draw(device, [2, 9]);
      const step = () => {
        using _scope = device.scope();
        optimizer.zeroGrad();
        model.loss(tokens, targets).backward();
        optimizer.step();
      };
      if (captures) {
        using graph = device.capture(step);
        for (let i = 0; i < 3; i++) graph.run();
      } else {
        for (let i = 0; i < 4; i++) step();
      }
      using loss = noGrad(() => model.loss(tokens, targets));
      losses.push(await loss.item());
      optimizer.zeroGrad();
    }
    assertEquals(losses[1], losses[0]);
    assert(losses[0]! < 2.3, `the loss is ${losses[0]}, no less than of guessing`);
  }, { variant });
}

gpuTest("a GPU turns queries and keys as it stores them", async (device) => {
  using model = new TransformerLM(device, { ...CONFIG, nLayers: 1 }, { seed: 0 });
  using tokens = draw(device, [2, 9]);
  const run = async (hooks: Hooks) => {
    const { dispatches } = await device.profile(() => {
      noGrad(() => model.forward(tokens, { hooks })).dispose();
    });
    return dispatches.map(({ name }) => name).filter((name) => /rotary/.test(name));
  };
  const product = "matmul_tiled_32x32_rotary";
  assertEquals(await run(Hooks.none), [product, product]);
  const seen = Hooks.from({ "blocks.0.attn.hook_q": () => {} }, model.hookNames());
  assertEquals(await run(seen), ["rotary", product]);
}, { variant: "as a GPU without subgroups" });
