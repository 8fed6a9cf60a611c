// evaluate() against losses computed directly.

import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import {
  crossEntropy,
  evaluate,
  type EvaluateOptions,
  noGrad,
  sliceTokens,
  tokensInMemory,
  type TransformerLM,
} from "../../mod.ts";
import { gpuTest } from "../gpu.ts";
import { CONTEXT_LENGTH, TEXT, tinyModel } from "./tiny.ts";

/** Sum of the losses of the rows that begin at the given places */
async function lossOf(
  model: TransformerLM,
  rows: readonly { start: number; length: number }[],
): Promise<{ loss: number; tokens: number }> {
  const { device } = model;
  let total = 0, tokens = 0;
  for (const { start, length } of rows) {
    using scope = device.scope();
    const row = TEXT.read(start, length + 1);
    const ids = device.tensor(row.slice(0, -1), { shape: [1, length] });
    const targets = device.tensor(row.slice(1), { shape: [1, length] });
    using sum = scope.keep(
      noGrad(() => crossEntropy(model.forward(ids), targets, { reduction: "sum" })),
    );
    total += await sum.item();
    tokens += length;
  }
  return { loss: total / tokens, tokens };
}

const full = (start: number) => ({ start, length: CONTEXT_LENGTH });

const CASES: {
  name: string;
  options: EvaluateOptions;
  rows: { start: number; length: number }[];
}[] = [
  {
    name: "a whole text, but for what fills no context",
    options: { data: sliceTokens(TEXT, 0, 30), batchSize: 2 },
    rows: [0, 8, 16].map(full),
  },
  {
    name: "a whole text to its last token",
    options: { data: sliceTokens(TEXT, 0, 30), batchSize: 2, includeRemainder: true },
    rows: [...[0, 8, 16].map(full), { start: 24, length: 5 }],
  },
  {
    name: "batches spread over a text",
    options: { data: TEXT, batchSize: 2, maxBatches: 3 },
    rows: [0, 8, 200, 208, 400, 408].map(full),
  },
  {
    name: "as many batches as there are",
    options: { data: sliceTokens(TEXT, 0, 33), batchSize: 2, maxBatches: 100 },
    rows: [0, 8, 16, 24].map(full),
  },
];

for (const { name, options, rows } of CASES) {
  gpuTest(`evaluate() gives the mean loss of ${name}`, async (device) => {
    using model = tinyModel(device, { dropout: 0.5 });
    model.train();
    const found = await evaluate(model, options);
    assertEquals(model.training, true);
    model.eval();
    const expected = await lossOf(model, rows);
    assertEquals(found.tokens, expected.tokens);
    assertAlmostEquals(found.loss, expected.loss, 1e-5);
    assertAlmostEquals(found.perplexity, Math.exp(found.loss), 1e-12);
  });
}

gpuTest("evaluate() refuses tokens outside the vocabulary, and too few", async (device) => {
  using model = tinyModel(device);
  await assertRejects(
    () => evaluate(model, { data: tokensInMemory(new Int32Array(9).fill(-1)) }),
    RangeError,
    "Cannot use token id -1 at position 0",
  );
  await assertRejects(
    () => evaluate(model, { data: tokensInMemory([1, 2]) }),
    RangeError,
    "found 2 tokens, needed at least 9",
  );
});
