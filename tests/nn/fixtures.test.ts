// The models against PyTorch: logits, losses, gradients and twenty steps of AdamW.

import { assert, assertEquals } from "@std/assert";
import {
  AdamW,
  clipGradNorm,
  crossEntropy,
  type Device,
  noGrad,
  type Tensor,
  TransformerLM,
} from "../../mod.ts";
import { loadModelFixture, MODEL_FIXTURES } from "../fixtures/load.ts";
import { gpuTest, VARIANTS } from "../gpu.ts";

/** Greatest difference, relative to the greatest expected value */
function relativeError(actual: Float32Array, expected: Float32Array, scale?: number): number {
  assertEquals(actual.length, expected.length);
  let difference = 0, greatest = scale ?? 0;
  for (let i = 0; i < actual.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
    if (scale === undefined) greatest = Math.max(greatest, Math.abs(expected[i]!));
    if (Number.isNaN(actual[i])) return NaN;
  }
  return difference / greatest;
}

type Fixture = Awaited<ReturnType<typeof loadModelFixture>>;

function load(device: Device, fixture: Fixture): TransformerLM {
  const model = new TransformerLM(device, fixture.config, { seed: 0 });
  model.loadStateDict(fixture.weights);
  return model;
}

function batch(device: Device, fixture: Fixture, step: number): [Tensor, Tensor] {
  const { data, shape } = fixture.tokens[step]!;
  return [
    device.tensor(data, { shape }),
    device.tensor(fixture.targets[step]!.data, { shape }),
  ];
}

for (const variant of Object.keys(VARIANTS)) {
  for (const name of MODEL_FIXTURES) {
    gpuTest(`TransformerLM gives PyTorch's logits, loss and gradients: ${name}`, async (device) => {
      const fixture = await loadModelFixture(name);
      using model = load(device, fixture);
      using _scope = device.scope();
      const [tokens, targets] = batch(device, fixture, 0);
      const logits = model.forward(tokens);
      const loss = crossEntropy(logits, targets);
      loss.backward();
      assert(relativeError(await logits.data(), fixture.logits.data) < 1e-5, "logits");
      assert(Math.abs(await loss.item() - fixture.loss) < 2e-6, "loss");
      // Of the scale of all gradients: that of a key bias is zero but for rounding.
      const scale = Math.max(
        ...[...fixture.gradients.values()].map(({ data }) => Math.max(...data.map(Math.abs))),
      );
      for (const [parameter, tensor] of model.namedParameters()) {
        const expected = fixture.gradients.get(parameter)!;
        const own = Math.max(...expected.data.map(Math.abs));
        const error = relativeError(
          await tensor.grad!.data(),
          expected.data,
          Math.max(own, scale / 1e3),
        );
        assert(error < 1e-4, `gradient of ${parameter}: ${error}`);
      }
    }, { variant });
  }
}

gpuTest("TransformerLM follows PyTorch's losses over 20 steps of AdamW", async (device) => {
  const fixture = await loadModelFixture("cs336");
  for (const run of fixture.training) {
    using model = load(device, fixture);
    using optimizer = new AdamW(model.parameters(), { lr: run.learningRate });
    for (let step = 0; step < run.losses.length; step++) {
      using _scope = device.scope();
      const [tokens, targets] = batch(device, fixture, step);
      const loss = crossEntropy(model.forward(tokens), targets);
      loss.backward();
      const norm = clipGradNorm(model.parameters(), run.clipNorm ?? Infinity);
      optimizer.step();
      optimizer.zeroGrad();
      const difference = Math.abs(await loss.item() - run.losses[step]!);
      assert(difference < 5e-6, `loss of step ${step}: off by ${difference}`);
      assert(Math.abs(await norm.item() / run.gradientNorms[step]! - 1) < 1e-4, "gradient norm");
    }
    for (const [name, parameter] of model.namedParameters()) {
      using norm = noGrad(() => parameter.norm());
      const relative = Math.abs(await norm.item() / run.finalNorms.get(name)! - 1);
      assert(relative < 1e-4, `norm of ${name} after training: off by ${relative}`);
    }
  }
});
