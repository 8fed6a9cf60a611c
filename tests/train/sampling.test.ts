// From logits to a token: temperature, top-k and top-p against plain definitions.

import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../mod.ts";
import {
  candidates,
  checkSampling,
  draw,
  likeliest,
  type SamplingOptions,
} from "../../src/sampling.ts";

const LOGITS = Float32Array.of(1.5, -0.5, 3, 0, 3, -8, 2);

/** Probabilities by token, from the definition; tokens that are out have 0 */
function reference(logits: Float32Array, options: SamplingOptions): number[] {
  const { temperature = 1, topK = logits.length, topP = 1 } = options;
  const powers = [...logits].map((logit) => Math.exp(logit / temperature));
  const ranking = [...powers.keys()].sort((a, b) => powers[b]! - powers[a]! || a - b);
  const top = ranking.slice(0, topK);
  const sum = (tokens: number[]) => tokens.reduce((total, token) => total + powers[token]!, 0);
  // The smallest number of tokens that together reach the share topP of the top.
  let count = 1;
  while (sum(top.slice(0, count)) < topP * sum(top) - 1e-12 && count < top.length) count++;
  const kept = topP < 1 ? top.slice(0, count) : top;
  return powers.map((power, token) => kept.includes(token) ? power / sum(kept) : 0);
}

const CASES: SamplingOptions[] = [
  {},
  { temperature: 0.5 },
  { temperature: 3 },
  { topK: 1 },
  { topK: 3 },
  { topK: 100 },
  { topP: 0.05 },
  { topP: 0.5 },
  { topP: 0.9 },
  { topP: 0.9999 },
  { temperature: 0.7, topK: 4, topP: 0.8 },
];

for (const options of CASES) {
  Deno.test(`candidates() gives the defined probabilities: ${JSON.stringify(options)}`, () => {
    const found = candidates(LOGITS, options);
    const expected = reference(LOGITS, options);
    for (const [token, probability] of expected.entries()) {
      const entry = found.find((candidate) => candidate.token === token);
      assertAlmostEquals(entry?.probability ?? 0, probability, 1e-12, `token ${token}`);
    }
    assertEquals(found.length, expected.filter((probability) => probability > 0).length);
  });
}

Deno.test("candidates() at temperature 0 is the first of the likeliest tokens", () => {
  assertEquals(candidates(LOGITS, { temperature: 0 }), [{ token: 2, probability: 1 }]);
});

Deno.test("candidates() bears logits of any size", () => {
  const found = candidates(Float32Array.of(1000, 999, -1000), {});
  assertAlmostEquals(found[0]!.probability, 1 / (1 + Math.exp(-1)), 1e-12);
});

Deno.test("draw() takes each token as often as its probability says", () => {
  const tokens = candidates(LOGITS, { topK: 4 });
  const random = new Random(3);
  const counts = new Map<number, number>();
  const draws = 20_000;
  for (let i = 0; i < draws; i++) {
    const token = draw(tokens, random.uniform());
    counts.set(token, (counts.get(token) ?? 0) + 1);
  }
  for (const { token, probability } of tokens) {
    // Five standard deviations of a binomial share.
    const tolerance = 5 * Math.sqrt(probability * (1 - probability) / draws);
    assertAlmostEquals((counts.get(token) ?? 0) / draws, probability, tolerance, `token ${token}`);
  }
});

Deno.test("draw() adds up probabilities in the order of the token numbers", () => {
  const tokens = candidates(LOGITS, { topK: 4 });
  assertEquals(tokens.map(({ token }) => token), [2, 4, 6, 0]);
  assertEquals(draw(tokens, 0), 0);
  assertEquals(draw(tokens, tokens[3]!.probability), 2);
  assertEquals(draw(tokens, 1 - Number.EPSILON), 6);
});

Deno.test("candidates() leaves out masked tokens and those without a number", () => {
  const logits = Float32Array.of(NaN, -Infinity, 1, 1, NaN);
  for (const options of [{}, { topK: 4 }, { topP: 0.99 }]) {
    assertEquals(candidates(logits, options).map(({ token }) => token), [2, 3]);
  }
  assertEquals(candidates(logits, { temperature: 0 })[0]!.token, 2);
  assertEquals(candidates(Float32Array.of(NaN, -Infinity), {}).length, 2);
  assertEquals(candidates(Float32Array.of(0, Infinity), {}), [{ token: 1, probability: 1 }]);
});

Deno.test("likeliest() ranks by the model's own probabilities", () => {
  const expected = reference(LOGITS, {});
  const found = likeliest(LOGITS, 3);
  assertEquals(found.map(({ token }) => token), [2, 4, 6]);
  for (const { token, probability } of found) {
    assertAlmostEquals(probability, expected[token]!, 1e-12);
  }
});

Deno.test("checkSampling() refuses options out of range", () => {
  const cases: [SamplingOptions, string][] = [
    [{ temperature: -1 }, "Cannot sample at temperature -1: needs a number from 0"],
    [{ temperature: NaN }, "Cannot sample at temperature NaN: needs a number from 0"],
    [{ topK: 0 }, "Cannot sample with topK 0: needs a whole number from 1"],
    [{ topP: 0 }, "Cannot sample with topP 0: needs a probability above 0, up to 1"],
    [{ topP: 1.1 }, "Cannot sample with topP 1.1: needs a probability above 0, up to 1"],
  ];
  for (const [options, message] of cases) {
    assertThrows(() => checkSampling(options), RangeError, message);
  }
});
