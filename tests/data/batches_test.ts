import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { sampleBatch, sequentialBatches } from "../../src/data/batches.ts";
import { tokensInMemory } from "../../src/data/token_source.ts";

const count = (length: number) => tokensInMemory(Int32Array.from({ length }, (_, i) => i));

Deno.test("sampleBatch() gives rows and the tokens that follow", () => {
  const options = { batchSize: 8, contextLength: 5, seed: 1, step: 0 };
  const { inputs, targets } = sampleBatch(count(1000), options);
  assertEquals(inputs.length, 40);
  inputs.forEach((id, i) => {
    assertEquals(targets[i], id + 1);
    if (i % 5 > 0) assertEquals(id, inputs[i - 1]! + 1);
  });
});

Deno.test("sampleBatch() depends on seed and step, and on nothing else", () => {
  const draw = (seed: number, step: number) =>
    sampleBatch(count(100_000), { batchSize: 4, contextLength: 3, seed, step });
  const again = draw(5, 17);
  draw(5, 18);
  assertEquals(draw(5, 17), again);
  for (const other of [draw(5, 18), draw(6, 17)]) assertNotEquals(other.inputs, again.inputs);
});

Deno.test("sampleBatch() reaches every place about equally often", () => {
  const counts = new Array<number>(20).fill(0);
  for (let step = 0; step < 1000; step++) {
    const options = { batchSize: 20, contextLength: 4, seed: 0, step };
    const { inputs } = sampleBatch(count(24), options);
    for (let row = 0; row < 20; row++) counts[inputs[row * 4]!]!++;
  }
  // 20,000 draws from 20 places: 1,000 each, with a standard deviation of 31.
  for (const found of counts) assert(Math.abs(found - 1000) < 150, `${counts}`);
});

Deno.test("sampleBatch() takes a source of exactly one row", () => {
  const options = { batchSize: 2, contextLength: 4, seed: 0, step: 0 };
  assertEquals(sampleBatch(count(5), options).targets, Int32Array.of(1, 2, 3, 4, 1, 2, 3, 4));
});

Deno.test("sequentialBatches() covers a source without overlap", () => {
  const batches = [...sequentialBatches(count(27), { batchSize: 2, contextLength: 5 })];
  assertEquals(batches.map((batch) => batch.batchSize), [2, 2, 1]);
  const inputs = batches.flatMap((batch) => [...batch.inputs]);
  assertEquals(inputs, Array.from({ length: 25 }, (_, i) => i));
  assertEquals(batches.flatMap((batch) => [...batch.targets]), inputs.map((id) => id + 1));
});

Deno.test("sequentialBatches() stops where told, and keeps the remainder where told", () => {
  const options = { batchSize: 2, contextLength: 5 };
  assertEquals([...sequentialBatches(count(27), { ...options, maxBatches: 1 })].length, 1);
  const all = [...sequentialBatches(count(29), { ...options, includeRemainder: true })];
  const last = all.at(-1)!;
  assertEquals([last.batchSize, last.contextLength, ...last.targets], [1, 3, 26, 27, 28]);
});

Deno.test("batches refuse a source that is too short and sizes that make no sense", () => {
  const options = { batchSize: 2, contextLength: 64, seed: 0, step: 0 };
  const tooShort = "Cannot make batches of context length 64: found 40 tokens, needed at least 65";
  assertThrows(() => sampleBatch(count(40), options), RangeError, tooShort);
  assertThrows(() => [...sequentialBatches(count(40), options)], RangeError, tooShort);
  assertThrows(
    () => sampleBatch(count(40), { ...options, batchSize: 0 }),
    RangeError,
    "Cannot make batches with batchSize 0: needed an integer of at least 1",
  );
});
