// The gradient of a bias, which is a sum over rows: computed beside the weight's where it can be.

import { assert, assertEquals } from "@std/assert";
import { linear, type Tensor } from "../../mod.ts";
import { gpuTest, VARIANTS } from "../gpu.ts";

/** Greatest error of a sum, relative to the sum of absolute values */
const TOLERANCE = 5e-7;

/** Sums of the columns of [rows, columns] in float64, and of their absolute values */
function columnSums(values: ArrayLike<number>, columns: number): { sums: number[]; scale: number } {
  const sums = Array<number>(columns).fill(0), sizes = Array<number>(columns).fill(0);
  for (let i = 0; i < values.length; i++) {
    sums[i % columns]! += values[i]!;
    sizes[i % columns]! += Math.abs(values[i]!);
  }
  return { sums, scale: Math.max(...sizes) };
}

function maximumError(actual: ArrayLike<number>, expected: readonly number[]): number {
  assertEquals(actual.length, expected.length);
  return Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)));
}

for (const variant of Object.keys(VARIANTS)) {
  // Rows, inputs and outputs: tiles that are not full, whole tiles read as textures, few outputs,
  // rows that are cut into slices.
  for (const [n, inner, out] of [[333, 45, 70], [300, 64, 256], [200, 100, 3], [9000, 20, 24]]) {
    gpuTest(
      `linear() gives the bias of ${out} outputs its gradient over ${n} rows`,
      async (device) => {
        using _scope = device.scope();
        const x = device.randn([n!, inner!], { seed: 0 });
        const weight = device.randn([out!, inner!], { seed: 1, requiresGrad: true });
        const bias = device.zeros([out!], { requiresGrad: true });
        const upstream = device.randn([n!, out!], { seed: 2 });
        const { sums, scale } = columnSums(await upstream.data(), out!);

        linear(x, weight, { bias }).backward(upstream);
        assert(maximumError(await bias.grad!.data(), sums) < TOLERANCE * scale);
        // A second pass adds to what is there.
        linear(x, weight, { bias }).backward(upstream);
        const twice = sums.map((sum) => 2 * sum);
        assert(maximumError(await bias.grad!.data(), twice) < 2 * TOLERANCE * scale);
      },
      { variant },
    );
  }
}

gpuTest("linear() gives gradients to a weight or a bias alone", async (device) => {
  using _scope = device.scope();
  const x = device.randn([128, 40], { seed: 0 });
  const upstream = device.randn([128, 48], { seed: 1 });
  const gradients = (trained: "weight" | "bias" | "both") => {
    const weight = device.randn([48, 40], { seed: 2, requiresGrad: trained !== "bias" });
    const bias = device.zeros([48], { requiresGrad: trained !== "weight" });
    linear(x, weight, { bias }).backward(upstream);
    return { weight: weight.grad, bias: bias.grad };
  };
  const numbers = async (tensor: Tensor | undefined) => [...await tensor!.data()];
  const both = gradients("both"), weight = gradients("weight"), bias = gradients("bias");
  assertEquals([weight.bias, bias.weight], [undefined, undefined]);
  assertEquals(await numbers(weight.weight), await numbers(both.weight));
  const [alone, beside] = [await numbers(bias.bias), await numbers(both.bias)];
  assert(maximumError(alone, beside) < 128 * 5 * TOLERANCE);
});
