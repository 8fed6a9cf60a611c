// The oracle itself, against PyTorch in float64 (tests/fixtures/ops.py).

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as reference from "./mod.ts";
import { fromNested, full, type NdArray, ndarray, numericalGradient } from "./mod.ts";

/** JSON has no infinities: they are the strings that `Number` reads. */
interface EncodedArray {
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

interface OpCase {
  readonly op: string;
  readonly options: Record<string, unknown>;
  readonly inputs: readonly EncodedArray[];
  readonly output: EncodedArray;
  readonly upstream?: EncodedArray;
  readonly gradients?: readonly (EncodedArray | null)[];
}

const cases: readonly OpCase[] = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/ops.json", import.meta.url)),
);

type Op = (inputs: NdArray[], options: never) => NdArray;

/** Ops whose parameters are not simply the arrays followed by the options. */
const special: Record<string, Op> = {
  concat: (arrays, options) => reference.concat(arrays, options),
  stack: (arrays, options) => reference.stack(arrays, options),
  permute: ([a], { order }: { order: number[] }) => reference.permute(a!, order),
  einsum: (arrays, { pattern }: { pattern: string }) => reference.einsum(pattern, ...arrays),
  linear: ([x, weight, bias]) => reference.linear(x!, { weight: weight!, bias: bias! }),
  rmsNorm: ([x, weight], { eps }: { eps: number }) =>
    reference.rmsNorm(x!, { weight: weight!, eps }),
  layerNorm: ([x, weight, bias], { eps }: { eps: number }) =>
    reference.layerNorm(x!, { weight: weight!, bias: bias!, eps }),
  norm: ([x], { p, ...options }: { p?: number | "inf" }) =>
    reference.norm(x!, p === undefined ? options : { ...options, p: p === "inf" ? Infinity : p }),
  rope: ([x, positions], { theta }: { theta?: number }) =>
    reference.rope(x!, {
      ...(positions === undefined ? {} : { positions }),
      ...(theta === undefined ? {} : { theta }),
    }),
  scaledDotProductAttention: ([q, k, v, mask], { causal }: { causal?: boolean }) =>
    reference.scaledDotProductAttention(q!, k!, v!, {
      causal: causal ?? false,
      ...(mask === undefined ? {} : { mask }),
    }),
};

function run(op: string, inputs: NdArray[], options: Record<string, unknown>): NdArray {
  if (op in special) return special[op]!(inputs, options as never);
  const f = reference[op as keyof typeof reference] as (...values: unknown[]) => NdArray;
  return Object.keys(options).length === 0 ? f(...inputs) : f(...inputs, options);
}

function decode({ shape, data }: EncodedArray): NdArray {
  return ndarray(shape, data.map(Number));
}

/** Each element to `tolerance`, relative, or to that part of the array's largest element. */
function assertClose(
  actual: NdArray,
  expected: NdArray,
  { tolerance, scaled = false }: { tolerance: number; scaled?: boolean },
): void {
  assertEquals(actual.shape, expected.shape);
  const scale = scaled ? Math.max(1, ...expected.data.map(Math.abs)) : 0;
  actual.data.forEach((value, i) => {
    const target = expected.data[i]!;
    const allowed = tolerance * Math.max(scale, Math.abs(target));
    assert(
      Object.is(value, target) || Math.abs(value - target) <= allowed,
      `Element ${i}: got ${value}, expected ${target}`,
    );
  });
}

cases.forEach(({ op, options, inputs, output, upstream, gradients }, number) => {
  Deno.test(`reference ${op}() agrees with PyTorch (case ${number})`, () => {
    const arrays = inputs.map(decode);
    // Sums may come out near zero, with the error of their terms.
    assertClose(run(op, arrays, options), decode(output), { tolerance: 1e-13, scaled: true });
    if (gradients === undefined) return;
    const varied = arrays.filter((_, i) => gradients[i] !== null);
    const numeric = numericalGradient(
      (...values) => {
        let next = 0;
        return run(op, arrays.map((a, i) => gradients[i] === null ? a : values[next++]!), options);
      },
      varied,
      decode(upstream!),
    );
    const expected = gradients.filter((gradient) => gradient !== null).map(decode);
    numeric.forEach((gradient, i) => {
      assertClose(gradient, expected[i]!, { tolerance: 1e-9, scaled: true });
    });
  });
});

Deno.test("reference gelu and erfc keep their relative precision in the tails", () => {
  for (const { op, inputs, output } of cases.filter(({ op }) => op === "geluErf")) {
    assertClose(run(op, inputs.map(decode), {}), decode(output), { tolerance: 1e-12 });
  }
});

Deno.test("reference attention gives zeros where a query sees no key", () => {
  const rows = ndarray([2, 2], [1, 2, 3, 4]);
  const mask = ndarray([2, 2], [0, 0, 1, 0]);
  assertEquals(
    reference.scaledDotProductAttention(rows, rows, rows, { mask }),
    ndarray([2, 2], [0, 0, 1, 2]),
  );
  // One query after a cache of two keys sees all of them.
  const query = ndarray([1, 2], [0, 0]);
  assertEquals(
    reference.scaledDotProductAttention(query, rows, rows, { causal: true }),
    ndarray([1, 2], [2, 3]),
  );
  const empty = full([0, 2], 0);
  assertEquals(reference.scaledDotProductAttention(rows, empty, empty), full([2, 2], 0));
});

Deno.test("reference ops take empty arrays", () => {
  const empty = full([0, 3], 0);
  assertEquals(reference.add(empty, full([1, 3], 1)), empty);
  assertEquals(reference.sum(empty, { axes: 0 }), full([3], 0));
  assertEquals(reference.mean(empty), full([], NaN));
  assertEquals(reference.logsumexp(empty, { axes: 0 }), full([3], -Infinity));
  assertEquals(reference.matmul(full([2, 0], 0), full([0, 3], 0)), full([2, 3], 0));
  assertEquals(reference.concat([empty, full([1, 3], 1)], { axis: 0 }), full([1, 3], 1));
  assertThrows(() => reference.max(empty), RangeError, "Cannot take the extreme of no elements");
});

Deno.test("reference functions reject wrong shapes", () => {
  assertThrows(() => fromNested([[1, 2], [3]]), RangeError, "ragged");
  assertThrows(
    () => reference.add(full([2], 0), full([3], 0)),
    RangeError,
    "Cannot broadcast [2] and [3]",
  );
  assertThrows(
    () => reference.matmul(full([2, 3], 0), full([2, 3], 0)),
    RangeError,
    "Cannot multiply [2, 3] by [2, 3]",
  );
  assertThrows(
    () => reference.einsum("a b, b c -> a d", full([2, 3], 0), full([3, 2], 0)),
    RangeError,
    "Cannot output the unknown axis d",
  );
  assertThrows(
    () => numericalGradient((x) => x!, [full([2], 0)], full([3], 0)),
    RangeError,
    "Cannot weigh outputs of shape [2] with upstream gradients of shape [3]",
  );
});
