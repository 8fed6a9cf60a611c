import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { normalCumulative, normalQuantile } from "../src/normal_distribution.ts";
import { foldSeed, Random, seedToKey, threefry2x32 } from "../src/random.ts";

/** Greatest distance between an array's distribution and a cumulative one, times √n. */
function kolmogorovSmirnov(array: Float32Array, cumulative: (x: number) => number): number {
  const sorted = array.toSorted();
  const n = sorted.length;
  let distance = 0;
  for (let i = 0; i < n; i++) {
    const p = cumulative(sorted[i]!);
    distance = Math.max(distance, Math.abs(p - i / n), Math.abs(p - (i + 1) / n));
  }
  return distance * Math.sqrt(n);
}

/** Above this, chance alone explains a Kolmogorov–Smirnov distance once in a thousand. */
const KS_LIMIT = 1.95;

function mean(array: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < array.length; i++) sum += array[i]!;
  return sum / array.length;
}

function moments(array: Float32Array): [number, number, number, number] {
  const first = mean(array);
  const centred = (power: number) => mean(Array.from(array, (x) => (x - first) ** power));
  const std = Math.sqrt(centred(2));
  return [first, std, centred(3) / std ** 3, centred(4) / std ** 4];
}

function correlation(a: Float32Array, b: Float32Array): number {
  return mean(a.map((x, i) => x * b[i]!));
}

Deno.test("threefry2x32() gives the Random123 known answers", () => {
  const ff = 0xffffffff;
  assertEquals(threefry2x32(0, 0, 0, 0), [0x6b200159, 0x99ba4efe]);
  assertEquals(threefry2x32(ff, ff, ff, ff), [0x1cb996fc, 0xbb002be7]);
  assertEquals(
    threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3),
    [0xc4923a9c, 0x483df7a0],
  );
});

Deno.test("seedToKey() uses all bits of a safe integer", () => {
  assertEquals(seedToKey(1), [1, 0]);
  assertEquals(seedToKey(Number.MAX_SAFE_INTEGER), [0xffffffff, 0x1fffff]);
  assertEquals(seedToKey(-1), [0xffffffff, 0xffffffff]);
  assertEquals(seedToKey(-(2 ** 32)), [0, 0xffffffff]);
  assertEquals(seedToKey(Number.MIN_SAFE_INTEGER), [1, 0xffe00000]);
});

Deno.test("seedToKey() rejects what is not a safe integer", () => {
  for (const seed of [1.5, NaN, Infinity, 2 ** 53]) {
    assertThrows(
      () => new Random(seed),
      RangeError,
      `Cannot use ${seed} as a seed: must be a safe integer`,
    );
  }
});

Deno.test("Random draws the words of the counter in order", () => {
  const random = new Random(2 ** 40 + 3);
  const words = Array.from({ length: 6 }, () => random.uniform() * 2 ** 32);
  assertEquals(words, [0, 1, 2].flatMap((i) => threefry2x32(3, 256, i, 0)));
  assertEquals(random.position, 6);
});

Deno.test("Random resumes at any position", () => {
  for (const position of [0, 1, 2, 7, 2 ** 33 + 5, 2 ** 52 + 1]) {
    const first = new Random(9, { position });
    assertEquals(first.position, position);
    const values = Array.from({ length: 5 }, () => first.normal());
    const later = new Random(9, { position: position + 2 });
    assertEquals(Array.from({ length: 3 }, () => later.normal()), values.slice(2));
    const block = Math.floor(position / 2);
    const word = threefry2x32(9, 0, block >>> 0, Math.floor(block / 2 ** 32))[position % 2]!;
    assertEquals(new Random(9, { position }).uniform(), word / 2 ** 32);
  }
  assertThrows(
    () => new Random(0, { position: -1 }),
    RangeError,
    "Cannot start random numbers at position -1: must be a safe integer from 0",
  );
});

Deno.test("Random fills the same values in one call or many", () => {
  const fills = [
    (random: Random, array: Float32Array) => random.fillUniform(array, -1, 3),
    (random: Random, array: Float32Array) => random.fillNormal(array, 1, 2),
    (random: Random, array: Float32Array) => random.fillTruncNormal(array, { low: -1 }),
  ];
  for (const fill of fills) {
    const whole = fill(new Random(5), new Float32Array(1001));
    const pieces = new Float32Array(1001);
    const random = new Random(5);
    for (const [start, end] of [[0, 1], [1, 4], [4, 4], [4, 500], [500, 1001]] as const) {
      fill(random, pieces.subarray(start, end));
    }
    assertEquals(pieces, whole);
    assertEquals(random.position, 1001);
  }
});

Deno.test("Random gives recorded values", () => {
  const random = new Random(42);
  assertEquals([random.normal(), random.normal(), random.uniform()], [
    1.1219041414802189,
    -0.4951319058316405,
    0.1506324065849185,
  ]);
  assertEquals(
    random.fillNormal(new Float32Array(3)),
    new Float32Array([2.444801092147827, 0.05095839500427246, -1.2455085515975952]),
  );
});

Deno.test("normalQuantile() inverts normalCumulative()", () => {
  for (let x = -37; x <= 8; x += 0.0625) {
    const p = normalCumulative(x);
    // Near 1 a probability cannot tell neighbouring quantiles apart.
    const tolerance = 1e-13 * (1 + Math.abs(x)) + 2 ** -53 * Math.exp(Math.max(x, 0) ** 2 / 2) * 4;
    assertAlmostEquals(normalQuantile(p), x, tolerance);
  }
  assertEquals(normalQuantile(0), -Infinity);
  assertEquals(normalQuantile(1), Infinity);
  assertEquals(normalQuantile(0.5), 0);
});

Deno.test("normalCumulative() gives the values of 60-digit arithmetic", () => {
  const table = [
    [-37, 5.7255712225245771e-300],
    [-20, 2.7536241186062337e-89],
    [-8, 6.2209605742717839e-16],
    [-3.5, 0.00023262907903552504],
    [-3, 0.0013498980316300946],
    [-2.875, 0.0020201374899460017],
    [-1, 0.15865525393145705],
    [-0.125, 0.45026177516988708],
    [0.25, 0.5987063256829237],
    [2, 0.97724986805182079],
    [2.875, 0.99797986251005399],
  ] as const;
  for (const [x, p] of table) {
    assertAlmostEquals(normalCumulative(x) / p, 1, 5e-13);
  }
});

Deno.test("normal numbers have the moments and the distribution of the normal", () => {
  const array = new Random(1).fillNormal(new Float32Array(200_000));
  const [first, std, skewness, kurtosis] = moments(array);
  assertAlmostEquals(first, 0, 4 / Math.sqrt(200_000));
  assertAlmostEquals(std, 1, 4 * Math.sqrt(0.5 / 200_000));
  assertAlmostEquals(skewness, 0, 4 * Math.sqrt(6 / 200_000));
  assertAlmostEquals(kurtosis, 3, 4 * Math.sqrt(24 / 200_000));
  assert(kolmogorovSmirnov(array, normalCumulative) < KS_LIMIT);
});

Deno.test("fillNormal() scales and shifts", () => {
  const standard = new Random(3).fillNormal(new Float32Array(100));
  const scaled = new Random(3).fillNormal(new Float32Array(100), 5, 0.5);
  for (let i = 0; i < 100; i++) assertAlmostEquals(scaled[i]!, 5 + 0.5 * standard[i]!, 1e-6);
});

Deno.test("fillUniform() is uniform and stays within its bounds", () => {
  const array = new Random(2).fillUniform(new Float32Array(200_000), -2, 6);
  assert(kolmogorovSmirnov(array, (x) => (x + 2) / 8) < KS_LIMIT);
  assert(array.every((x) => x >= -2 && x < 6));
  // Only two float32 numbers lie in this interval; rounding must not reach the third.
  const narrow = new Random(2).fillUniform(new Float32Array(1000), 1, 1 + 2 ** -22);
  assertEquals([...new Set(narrow)].sort(), [1, 1 + 2 ** -23]);
  const negative = new Random(2).fillUniform(new Float32Array(1000), -1, 0);
  assert(negative.every((x) => x >= -1 && x < 0));
});

Deno.test("fillTruncNormal() follows the cut distribution", () => {
  const cases = [
    { mean: 0, std: 1, low: -2, high: 2 },
    { mean: 0, std: 0.02, low: -0.06, high: 0.06 },
    { mean: 1, std: 2, low: -3, high: 1.5 },
    { mean: 0, std: 1, low: 4, high: 5 }, // upper tail
    { mean: 0, std: 1, low: -30, high: -20 }, // probability 1e-89
    { mean: 0, std: 1, low: 20, high: 30 },
    { mean: 0, std: 1, low: -20, high: 20 },
  ];
  for (const options of cases) {
    const { mean, std, low, high } = options;
    const array = new Random(4).fillTruncNormal(new Float32Array(50_000), options);
    assert(array.every((x) => x >= Math.fround(low) && x <= Math.fround(high)));
    const sign = low > mean ? -1 : 1;
    const tail = (x: number) => normalCumulative((sign * (x - mean)) / std);
    const cumulative = (x: number) => (tail(x) - tail(low)) / (tail(high) - tail(low));
    assert(kolmogorovSmirnov(array, cumulative) < KS_LIMIT, JSON.stringify(options));
  }
});

Deno.test("fillTruncNormal() defaults are PyTorch's", () => {
  const array = new Float32Array(100);
  assertEquals(
    new Random(4).fillTruncNormal(array),
    new Random(4).fillTruncNormal(new Float32Array(100), { mean: 0, std: 1, low: -2, high: 2 }),
  );
});

Deno.test("fills reject impossible parameters", () => {
  const random = new Random(0);
  const array = new Float32Array(1);
  const reject = (run: () => unknown, message: string) => assertThrows(run, RangeError, message);
  reject(
    () => random.fillUniform(array, 1, 1),
    "Cannot draw uniform numbers between 1 and 1: low must be below high",
  );
  reject(
    () => random.fillUniform(array, 0, NaN),
    "Cannot draw uniform numbers with high NaN: must be finite",
  );
  reject(
    () => random.fillNormal(array, 0, -1),
    "Cannot draw normal numbers with std -1: must not be negative",
  );
  reject(
    () => random.fillTruncNormal(array, { std: 0 }),
    "Cannot draw truncated normal numbers with std 0: must be positive",
  );
  reject(
    () => random.fillTruncNormal(array, { low: 2, high: -2 }),
    "Cannot draw truncated normal numbers between 2 and -2: low must be below high",
  );
  reject(
    () => random.fillTruncNormal(array, { low: 50, high: 51 }),
    "Cannot draw truncated normal numbers between 50 and 51: too far from mean 0 for std 1",
  );
  assertEquals(random.position, 0);
});

Deno.test("integer() is unbiased and within its range", () => {
  const random = new Random(6);
  for (const n of [1, 2, 7, 10]) {
    const counts = new Array<number>(n).fill(0);
    for (let i = 0; i < 70_000; i++) counts[random.integer(n)]!++;
    const expected = 70_000 / n;
    const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    assert(chiSquared < 30, `n ${n}: ${counts}`);
  }
  // A plain remainder would give numbers below n/3 half of the time.
  const n = 3 * 2 ** 30;
  let low = 0;
  for (let i = 0; i < 10_000; i++) if (random.integer(n) < 2 ** 30) low++;
  assertAlmostEquals(low / 10_000, 1 / 3, 0.02);
  let high = 0;
  for (let i = 0; i < 1000; i++) if (random.integer(2 ** 53 - 1) >= 2 ** 52) high++;
  assertAlmostEquals(high / 1000, 0.5, 0.07);
});

Deno.test("integer() rejects a range that is not a safe integer from 1", () => {
  for (const n of [0, -1, 1.5, NaN, 2 ** 53]) {
    assertThrows(
      () => new Random(0).integer(n),
      RangeError,
      `Cannot choose from ${n} integers: must be a safe integer from 1`,
    );
  }
});

Deno.test("shuffle() gives every order equally often", () => {
  const random = new Random(7);
  const counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = random.shuffle(["a", "b", "c", "d"]).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assertEquals(counts.size, 24);
  for (const count of counts.values()) assertAlmostEquals(count, 1000, 150);
  assertEquals(random.shuffle(new Uint8Array([3, 3])), new Uint8Array([3, 3]));
  assertEquals(random.shuffle([]), []);
});

Deno.test("derived generators are independent of each other and of the parent's position", () => {
  const parent = new Random(8);
  const child = parent.derive(3).fillNormal(new Float32Array(100_000));
  parent.uniform();
  assertEquals(parent.derive(3).fillNormal(new Float32Array(100_000)), child);
  assertEquals(new Random(foldSeed(8, 3)).normal(), parent.derive(3).normal());
  const own = new Random(8).fillNormal(new Float32Array(100_000));
  const sibling = parent.derive(4).fillNormal(new Float32Array(100_000));
  const limit = 4 / Math.sqrt(100_000);
  assertAlmostEquals(correlation(child, own), 0, limit);
  assertAlmostEquals(correlation(child, sibling), 0, limit);
  const next = new Random(9).fillNormal(new Float32Array(100_000));
  assertAlmostEquals(correlation(own, next), 0, limit);
});

Deno.test("foldSeed() gives distinct seeds", () => {
  const seeds = new Set<number>();
  for (let seed = -50; seed < 50; seed++) {
    for (let index = 0; index < 100; index++) seeds.add(foldSeed(seed, index));
  }
  assertEquals(seeds.size, 10_000);
  for (const seed of seeds) assert(Number.isSafeInteger(seed) && seed >= 0);
  assertThrows(
    () => foldSeed(0, -1),
    RangeError,
    "Cannot fold -1 into a seed: must be a safe integer from 0",
  );
});
