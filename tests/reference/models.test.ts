// The model fixtures against a forward pass of the oracle: two independent accounts of each model.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  loadModelFixture,
  loadOptimizerFixture,
  MODEL_FIXTURES,
  type ModelFixture,
} from "../fixtures/load.ts";
import {
  add,
  crossEntropy,
  embedding,
  geluTanh,
  layerNorm,
  linear,
  type NdArray,
  ndarray,
  permute,
  relu,
  reshape,
  rmsNorm,
  rope,
  scaledDotProductAttention,
  silu,
  slice,
  swiglu,
} from "./mod.ts";

/** Logits [B, T, V] of token ids [B, T], in float64. */
function forward({ config, weights }: ModelFixture, tokens: NdArray): NdArray {
  const [batch, length] = tokens.shape as [number, number];
  const weight = (name: string): NdArray => {
    const found = weights.get(`${name}.weight`);
    if (found === undefined) throw new RangeError(`Cannot find ${name}.weight`);
    return ndarray(found.shape, found.data);
  };
  const withBias = (name: string) => {
    const bias = weights.get(`${name}.bias`);
    return { weight: weight(name), ...(bias && { bias: ndarray(bias.shape, bias.data) }) };
  };
  const project = (name: string, x: NdArray) => linear(x, withBias(name));
  const norm = (name: string, x: NdArray) => {
    if (config.norm === "none") return x;
    const options = { ...withBias(name), eps: config.normEps };
    return config.norm === "rms" ? rmsNorm(x, options) : layerNorm(x, options);
  };
  const attention = (name: string, x: NdArray) => {
    const heads = (part: string) => {
      const split = [batch, length, config.nHeads, config.dHead];
      return permute(reshape(project(`${name}.${part}_proj`, x), split), [0, 2, 1, 3]);
    };
    const turn = (x: NdArray) =>
      config.position === "rope" ? rope(x, { theta: config.ropeTheta }) : x;
    const mixed = scaledDotProductAttention(turn(heads("q")), turn(heads("k")), heads("v"), {
      causal: true,
    });
    const joined = reshape(permute(mixed, [0, 2, 1, 3]), [batch, length, -1]);
    return project(`${name}.output_proj`, joined);
  };
  const feedForward = (name: string, x: NdArray) => {
    if (config.ffn === "swiglu") {
      return swiglu(x, weight(`${name}.w1`), weight(`${name}.w2`), weight(`${name}.w3`));
    }
    const activation = { silu, relu, gelu: geluTanh, none: silu }[config.ffn];
    return project(`${name}.w2`, activation(project(`${name}.w1`, x)));
  };
  const residual = (x: NdArray, normName: string, sublayer: (x: NdArray) => NdArray) =>
    config.normPosition === "pre"
      ? add(x, sublayer(norm(normName, x)))
      : norm(normName, add(x, sublayer(x)));

  let x = embedding(weight("token_embeddings"), tokens);
  if (config.position === "learned") {
    x = add(x, slice(weight("position_embeddings"), { axis: 0, end: length }));
  }
  for (let i = 0; i < config.nLayers; i++) {
    x = residual(x, `layers.${i}.ln1`, (x) => attention(`layers.${i}.attn`, x));
    if (config.ffn === "none") continue;
    x = residual(x, `layers.${i}.ln2`, (x) => feedForward(`layers.${i}.ffn`, x));
  }
  x = norm("ln_final", x);
  return config.tieEmbeddings
    ? linear(x, { weight: weight("token_embeddings") })
    : project("lm_head", x);
}

for (const name of MODEL_FIXTURES) {
  Deno.test(`fixture ${name} has the logits and the loss of the oracle`, async () => {
    const fixture = await loadModelFixture(name);
    const tokens = fixture.tokens[0]!;
    const logits = forward(fixture, ndarray(tokens.shape, tokens.data));
    assertEquals(logits.shape, fixture.logits.shape);
    logits.data.forEach((x, i) => assertAlmostEquals(fixture.logits.data[i]!, x, 1e-5));
    const targets = fixture.targets[0]!;
    const loss = crossEntropy(logits, ndarray(targets.shape, targets.data)).data[0]!;
    assertAlmostEquals(fixture.loss, loss, 1e-6);
  });

  Deno.test(`fixture ${name} has a gradient for each weight`, async () => {
    const { weights, gradients } = await loadModelFixture(name);
    assertEquals([...gradients.keys()].sort(), [...weights.keys()].sort());
    for (const [key, { shape, data }] of gradients) {
      assertEquals(shape, weights.get(key)!.shape);
      assert(data.some((x) => x !== 0) || key.endsWith("k_proj.bias"), key);
    }
  });
}

Deno.test("fixture cs336 has twenty steps, without and with clipping", async () => {
  const { tokens, targets, training, weights, config } = await loadModelFixture("cs336");
  assertEquals([tokens.length, targets.length, training.length], [20, 20, 2]);
  for (const { losses, gradientNorms, finalNorms, finalLogits } of training) {
    assertEquals([losses.length, gradientNorms.length], [20, 20]);
    assertEquals([...finalNorms.keys()].sort(), [...weights.keys()].sort());
    assertEquals(finalLogits.shape, [config.contextLength, config.vocabSize]);
    assert(losses.at(-1)! < losses[0]!);
  }
  const [plain, clipped] = training;
  assertEquals([plain!.clipNorm, clipped!.clipNorm], [null, 1.05]);
  assert(clipped!.gradientNorms.some((norm) => norm > 1.05));
  assert(clipped!.gradientNorms.some((norm) => norm < 1.05));
});

Deno.test("fixture optimizers has a parameter's history for each run", async () => {
  const { start, gradients, adamw, sgd, clipGradNorm } = await loadOptimizerFixture();
  const shapes = start.map(({ shape }) => shape);
  for (const { parameters } of [...adamw, ...sgd]) {
    assertEquals(parameters.length, gradients.length);
    for (const step of parameters) assertEquals(step.map(({ shape }) => shape), shapes);
  }
  assertEquals(clipGradNorm.map(({ maxNorm }) => maxNorm), [1, 0.01, 1000]);
});
