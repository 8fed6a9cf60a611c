// Counts from the configuration alone, against the models themselves and against CS336's numbers.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  countActivations,
  countFlops,
  countMemory,
  countParameters,
  gpt2Config,
  type PartialConfig,
  skipTrigramConfig,
  sortingConfig,
  trainingFlops,
  TransformerLM,
} from "../../mod.ts";
import { gpuTest } from "../gpu.ts";

const SMALL: PartialConfig = {
  vocabSize: 300,
  contextLength: 32,
  dModel: 64,
  nLayers: 2,
  nHeads: 4,
};

const CONFIGS: Record<string, PartialConfig> = {
  "CS336": SMALL,
  "GPT-2": gpt2Config(SMALL),
  "GPT-2 with an output layer of its own": gpt2Config({ ...SMALL, tieEmbeddings: false }),
  "sorting": sortingConfig(),
  "skip trigrams": skipTrigramConfig(),
  "post-norm": { ...SMALL, normPosition: "post", ffn: "relu", norm: "layer" },
  "no norm": { ...SMALL, norm: "none", ffn: "silu", position: "none" },
  "wide heads and biases": { ...SMALL, dHead: 48, bias: true, unembedBias: true, dFf: 96 },
  "tied with a bias": { ...SMALL, tieEmbeddings: true, unembedBias: true },
  "attention only": { ...SMALL, ffn: "none", dropout: 0.1 },
  "one-hot": { ...SMALL, embedding: "one-hot", dModel: 64, vocabSize: 64 },
};

for (const [name, config] of Object.entries(CONFIGS)) {
  gpuTest(`countParameters() is the number of the model's parameters: ${name}`, (device) => {
    using model = new TransformerLM(device, config, { seed: 0 });
    assertEquals(countParameters(config).total, model.parameterCount);
  });
}

// Small tensors fill their buffers badly: only sizes that matter are compared.
const LARGE_ENOUGH = [
  "CS336",
  "GPT-2",
  "post-norm",
  "no norm",
  "attention only",
  "tied with a bias",
];
for (const name of LARGE_ENOUGH) {
  gpuTest(`countActivations() is what the forward pass keeps: ${name}`, (device) => {
    const config = CONFIGS[name]!;
    const shape = [16, 32];
    using model = new TransformerLM(device, config, { seed: 0 });
    model.train();
    using _scope = device.scope();
    const tokens = device.tensor(new Int32Array(16 * 32), { shape });
    const before = device.memory().usedBytes;
    const loss = model.loss(tokens, tokens);
    const kept = device.memory().usedBytes - before;
    const counted = 4 * countActivations(config, { batchSize: 16, sequenceLength: 32 });
    assert(Math.abs(kept / counted - 1) < 0.03, `${kept} bytes kept, ${counted} counted`);
    loss.backward();
    for (const parameter of model.parameters()) parameter.grad?.dispose();
  });
}

/** GPT-2 XL's sizes with CS336's layers */
const GPT2_XL: PartialConfig = {
  vocabSize: 50257,
  contextLength: 1024,
  nLayers: 48,
  dModel: 1600,
  nHeads: 25,
  dFf: 6400,
};

Deno.test("countParameters() gives GPT-2 XL as CS336 builds it 2.1 billion parameters", () => {
  assertEquals(countParameters(GPT2_XL).total, 2_127_057_600);
});

Deno.test("countFlops() gives the products of CS336's resource accounting", () => {
  const { total, components } = countFlops(GPT2_XL);
  // By hand: 2 m k n for each product, B = 1, T = 1024, 48 layers.
  assertEquals(Object.fromEntries(components.map(({ name, count }) => [name, count])), {
    "query, key and value": 48 * 3 * 2 * 1024 * 1600 * 1600,
    "attention scores": 48 * 2 * 1024 * 1024 * 1600,
    "weighted values": 48 * 2 * 1024 * 1024 * 1600,
    "attention output": 48 * 2 * 1024 * 1600 * 1600,
    "feed-forward": 48 * 3 * 2 * 1024 * 1600 * 6400,
    "output layer": 2 * 1024 * 1600 * 50257,
  });
  assertEquals(total, 4_513_336_524_800);
  const long = countFlops({ ...GPT2_XL, contextLength: 16_384 });
  const scores = long.components.find(({ name }) => name === "attention scores")!;
  assertEquals(scores.count, 48 * 2 * 16_384 ** 2 * 1600);
});

Deno.test("countFlops() grows with the batch and follows a shorter sequence", () => {
  const one = countFlops(GPT2_XL).total;
  assertEquals(countFlops(GPT2_XL, { batchSize: 7 }).total, 7 * one);
  assert(countFlops(GPT2_XL, { sequenceLength: 512 }).total < one / 2);
  assertEquals(trainingFlops(GPT2_XL), 3 * one);
});

Deno.test("countMemory() holds parameters, gradients, two moments and activations", () => {
  const { total, components } = countMemory(GPT2_XL, { batchSize: 2 });
  const bytes = components.map(({ count }) => count);
  const parameters = 4 * countParameters(GPT2_XL).total;
  const activations = 4 * countActivations(GPT2_XL, { batchSize: 2 });
  assertEquals(bytes, [parameters, parameters, 2 * parameters, activations]);
  assertAlmostEquals(total, bytes.reduce((a, b) => a + b));
});
