/** Ops without a gradient: comparisons, logic, positions, conversions, integers. */

import { assertEquals, assertThrows } from "@std/assert";
import * as ops from "../../src/ops/comparisons.ts";
import { gather, oneHot, scatterAdd, tril } from "../../src/ops/indexing.ts";
import { concat } from "../../src/ops/joining.ts";
import { transpose } from "../../src/ops/views.ts";
import type { Tensor } from "../../src/tensor.ts";
import { gpuTest, VARIANTS } from "../gpu.ts";
import * as reference from "../reference/mod.ts";
import type { NdArray } from "../reference/mod.ts";
import { readArrays, upload } from "./check.ts";
import { inputsOf } from "./row.ts";

const COMPARISONS: Record<
  string,
  [op: (a: Tensor, b: Tensor | number) => Tensor, oracle: (a: NdArray, b: NdArray) => NdArray]
> = {
  equal: [ops.equal, reference.equal],
  notEqual: [ops.notEqual, reference.notEqual],
  less: [ops.less, reference.less],
  lessEqual: [ops.lessEqual, reference.lessEqual],
  greater: [ops.greater, reference.greater],
  greaterEqual: [ops.greaterEqual, reference.greaterEqual],
};

for (const [name, [op, oracle]] of Object.entries(COMPARISONS)) {
  gpuTest(`${name}() compares floats, integers and numbers, with broadcasting`, async (device) => {
    using _scope = device.scope();
    const results: Tensor[] = [];
    const expected: NdArray[] = [];
    for (const dtype of ["f32", "i32"] as const) {
      // Few different values, so that many are equal.
      const [a, b] = inputsOf(
        { name, op, oracle, shapes: [], domains: [{ low: -2, high: 3, dtype: "i32" }] },
        [[4, 8], [4, 1]],
      ) as [NdArray, NdArray];
      const left = upload(device, a, dtype), right = upload(device, b, dtype);
      results.push(op(left, right), op(left, 1), op(transpose(left), transpose(right)));
      expected.push(oracle(a, b), oracle(a, reference.full([], 1)));
      expected.push(oracle(reference.transpose(a), reference.transpose(b)));
    }
    assertEquals(results.map(({ dtype }) => dtype), results.map(() => "bool"));
    assertEquals(await readArrays(device, results), expected);
  });
}

gpuTest("comparisons of integers are exact beyond 2^24", async (device) => {
  using _scope = device.scope();
  const x = device.tensor(new Int32Array([16777216, 16777217]));
  assertEquals(await x.equal(16777217).nested(), [0, 1]);
  assertEquals(await x.less(16777217).nested(), [1, 0]);
});

gpuTest("comparisons with NaN are false, except notEqual()", async (device) => {
  using _scope = device.scope();
  const x = device.tensor([NaN, 1]);
  assertEquals(await x.equal(x).nested(), [0, 1]);
  assertEquals(await x.notEqual(x).nested(), [1, 0]);
  assertEquals(await x.less(Infinity).nested(), [0, 1]);
  assertEquals(await x.greaterEqual(-Infinity).nested(), [0, 1]);
  assertEquals(await ops.isNan(x).nested(), [1, 0]);
});

gpuTest("logical ops combine masks", async (device) => {
  using _scope = device.scope();
  const a = device.tensor([[true, true], [false, false]]);
  const b = device.tensor([true, false]);
  assertEquals(a.dtype, "bool");
  assertEquals(await ops.logicalNot(a).nested(), [[0, 0], [1, 1]]);
  assertEquals(await ops.logicalAnd(a, b).nested(), [[1, 0], [0, 0]]);
  assertEquals(await ops.logicalOr(a, b).nested(), [[1, 1], [1, 0]]);
  assertEquals(await a.sum().nested(), 2);
  assertEquals(await concat([a, b.unsqueeze(0)]).nested(), [[1, 1], [0, 0], [1, 0]]);
});

gpuTest("to() cuts floats towards 0 and makes masks of what is not 0", async (device) => {
  using _scope = device.scope();
  const x = device.tensor([-1.75, -0.5, 0, 0.5, 2.75]);
  const whole = x.to("i32"), mask = x.to("bool");
  assertEquals([whole.dtype, mask.dtype], ["i32", "bool"]);
  assertEquals(await whole.nested(), [-1, 0, 0, 0, 2]);
  assertEquals(await mask.nested(), [1, 1, 0, 1, 1]);
  assertEquals(await mask.to("f32").nested(), [1, 1, 0, 1, 1]);
  assertEquals(await mask.to("i32").nested(), [1, 1, 0, 1, 1]);
  assertEquals(await whole.to("bool").nested(), [1, 0, 0, 0, 1]);
  const view = device.tensor([[1.5, 2.5], [3.5, 4.5]]).transpose().to("i32");
  assertEquals(await view.nested(), [[1, 3], [2, 4]]);
});

gpuTest("integers stay integers, exactly, and wrap around", async (device) => {
  using _scope = device.scope();
  const x = device.tensor(new Int32Array([2147483647, -5, 16777217]));
  assertEquals(await x.add(1).nested(), [-2147483648, -4, 16777218]);
  assertEquals(await x.sub(x).nested(), [0, 0, 0]);
  assertEquals(await x.mul(3).nested(), [2147483645, -15, 50331651]);
  assertEquals(await x.neg().nested(), [-2147483647, 5, -16777217]);
  assertEquals(x.add(1).dtype, "i32");
  assertEquals(x.add(0.5).dtype, "f32");
  assertEquals(await device.tensor(new Int32Array([1, -2])).mul(0.5).nested(), [0.5, -1]);
  assertThrows(
    () => x.div(2),
    TypeError,
    'Cannot div tensors of integers: convert them with to("f32") first',
  );
});

gpuTest("where() chooses among integers and masks", async (device) => {
  using _scope = device.scope();
  const mask = device.tensor([true, false, true]);
  const x = device.tensor(new Int32Array([16777217, 2, 3]));
  const chosen = ops.where(mask, x, -1);
  assertEquals(chosen.dtype, "i32");
  assertEquals(await chosen.nested(), [16777217, -1, 3]);
  assertEquals(await ops.where(mask, device.tensor([0.5, 0.5, 0.5]), x).nested(), [0.5, 2, 0.5]);
});

for (const variant of Object.keys(VARIANTS)) {
  gpuTest("argmax() and argmin() agree with the oracle along every axis", async (device) => {
    using _scope = device.scope();
    const results: Tensor[] = [];
    const expected: NdArray[] = [];
    // Of 24 values many are equal: the first one counts.
    const [floats] = inputsOf(
      {
        name: "argmax",
        op: (x) => x!,
        oracle: (x) => x!,
        shapes: [],
        domains: [{ low: -3, high: 4, dtype: "i32" }],
      },
      [[4, 3, 70]],
    ) as [NdArray];
    for (const dtype of ["f32", "i32"] as const) {
      const x = upload(device, floats, dtype);
      for (const options of [{}, { axis: 0 }, { axis: 1, keepDims: true }, { axis: -1 }]) {
        results.push(x.argmax(options), x.argmin(options));
        expected.push(reference.argmax(floats, options), reference.argmin(floats, options));
      }
    }
    results.push(upload(device, floats).transpose().argmax({ axis: 1 }));
    expected.push(reference.argmax(reference.transpose(floats), { axis: 1 }));
    assertEquals(results.map(({ dtype }) => dtype), results.map(() => "i32"));
    assertEquals(await readArrays(device, results), expected);
  }, { variant });

  gpuTest("reductions of integers are exact", async (device) => {
    using _scope = device.scope();
    const x = device.tensor(new Int32Array([16777217, 1, -2147483648, 2147483647]));
    assertEquals(x.sum().dtype, "i32");
    assertEquals(await x.sum().item(), 16777217);
    assertEquals(await x.max().item(), 2147483647);
    assertEquals(await x.min().item(), -2147483648);
    const long = device.arange(0, 100_000);
    assertEquals(await long.sum().item(), 4999950000 % 2 ** 32);
    assertEquals(await long.slice({ start: 1, step: 2 }).max().item(), 99999);
    assertEquals(await long.greater(99).sum().item(), 99900);
  }, { variant });
}

gpuTest("argmax() finds NaN first, infinities and the only element", async (device) => {
  using _scope = device.scope();
  assertEquals(await device.tensor([1, NaN, 5, NaN]).argmax().item(), 1);
  assertEquals(await device.tensor([1, NaN, 5]).argmin().item(), 1);
  assertEquals(await device.tensor([-Infinity, -Infinity]).argmax().item(), 0);
  assertEquals(await device.tensor([1, Infinity, 5]).argmax({ axis: 0 }).item(), 1);
  assertEquals(await device.tensor([[7]]).argmax({ axis: 1 }).nested(), [0]);
  assertThrows(() => device.zeros([0]).argmax(), RangeError, "Cannot max over no elements");
});

gpuTest("cumsum() adds up integers and masks exactly", async (device) => {
  using _scope = device.scope();
  const x = device.tensor(new Int32Array([16777217, 1, 1]));
  assertEquals(await x.cumsum({ axis: 0 }).nested(), [16777217, 16777218, 16777219]);
  const counts = device.tensor([true, false, true]).cumsum({ axis: 0 });
  assertEquals(counts.dtype, "i32");
  assertEquals(await counts.nested(), [1, 1, 2]);
});

gpuTest("oneHot() gives rows of one 1, and of zeros for ids out of range", async (device) => {
  using _scope = device.scope();
  const ids = device.tensor(new Int32Array([2, 0, -1, 3]), { shape: [2, 2] });
  const rows = oneHot(ids, { classes: 3 });
  assertEquals(rows.dtype, "f32");
  assertEquals(await rows.nested(), [[[0, 0, 1], [1, 0, 0]], [[0, 0, 0], [0, 0, 0]]]);
  assertEquals(await oneHot(ids.transpose(), { classes: 4 }).nested(), [
    [[0, 0, 1, 0], [0, 0, 0, 0]],
    [[1, 0, 0, 0], [0, 0, 0, 1]],
  ]);
  assertEquals(oneHot(ids, { classes: 0 }).shape, [2, 2, 0]);
});

gpuTest("gather(), scatterAdd() and tril() take integers", async (device) => {
  using _scope = device.scope();
  const x = device.tensor(new Int32Array([16777217, 2, 3, 4]), { shape: [2, 2] });
  const index = device.tensor(new Int32Array([0, 1, 1, 5]), { shape: [2, 2] });
  assertEquals(await gather(x, index, { axis: 1 }).nested(), [[16777217, 2], [4, 0]]);
  assertEquals(await scatterAdd(x, index, x, { axis: 1 }).nested(), [[33554434, 4], [3, 7]]);
  assertEquals(await tril(x).nested(), [[16777217, 0], [3, 4]]);
});
