/**
 * Causal attention, forward and backward, of the shapes of small language models. Values and
 * gradients are checked against the float64 oracle before anything is timed.
 *
 *     deno bench -A --preload=scripts/quieten.ts bench/attention_bench.ts
 *
 * Each run queues ten and waits once, since waiting costs about 10 ms in Deno whatever the work:
 * divide the times by ten.
 */

import { type Device, requestDevice, scaledDotProductAttention, type Tensor } from "../mod.ts";
import { assertClose, readArrays, VALUE_TOLERANCE } from "../tests/ops/check.ts";
import * as reference from "../tests/reference/mod.ts";

const QUEUED = 10;

/** Batch, heads, positions and head size */
const SHAPES = [[8, 16, 256, 32], [16, 4, 128, 32], [4, 8, 256, 64]] as const;

/** [B, H, T, D] views of [B, T, H, D], as a layer of attention makes them */
function views(device: Device, [B, H, T, D]: readonly [number, number, number, number]): Tensor[] {
  return [1, 2, 3, 4].map((seed) => device.randn([B, T, H, D], { seed }).permute([0, 2, 1, 3]));
}

async function verify(device: Device): Promise<void> {
  using _scope = device.scope();
  const tensors = views(device, [1, 2, 9, 32]);
  const [q, k, v, upstream] = tensors as [Tensor, Tensor, Tensor, Tensor];
  for (const input of [q, k, v]) input.requiresGrad = true;
  const output = scaledDotProductAttention(q, k, v, { causal: true });
  output.backward(upstream);
  const results = [output, q.grad!, k.grad!, v.grad!];
  const read = await readArrays(device, [...tensors, ...results]);
  const inputs = read.slice(0, 3);
  const oracle = (...[q, k, v]: reference.NdArray[]) =>
    reference.scaledDotProductAttention(q!, k!, v!, { causal: true });
  const gradients = reference.numericalGradient(oracle, inputs, read[3]!);
  [oracle(...inputs), ...gradients].forEach((expected, i) =>
    assertClose(read[4 + i]!, expected, VALUE_TOLERANCE, `result ${i}`)
  );
}

const device = await requestDevice();
await verify(device);

for (const shape of SHAPES) {
  const [B, H, T, D] = shape;
  const [q, k, v, upstream] = views(device, shape) as [Tensor, Tensor, Tensor, Tensor];
  // Two products of T × T × D forward and seven backward, half of each hidden.
  const gigaflops = (products: number) =>
    (QUEUED * products * B * H * T * T * D / 1e9).toFixed(1) + " GFLOP";
  const group = `B ${B}, H ${H}, T ${T}, D ${D}`;

  Deno.bench({
    name: `${QUEUED} × forward, ${group}: ${gigaflops(2)}`,
    group,
    async fn() {
      for (let i = 0; i < QUEUED; i++) {
        scaledDotProductAttention(q, k, v, { causal: true }).dispose();
      }
      await device.finish();
    },
  });

  const leaves = [q, k, v].map((view) => {
    const leaf = view.permute([0, 2, 1, 3]);
    leaf.requiresGrad = true;
    return leaf;
  });
  Deno.bench({
    name: `${QUEUED} × forward + backward, ${group}: ${gigaflops(9)}`,
    group,
    async fn() {
      for (let i = 0; i < QUEUED; i++) {
        using _scope = device.scope();
        const [q, k, v] = leaves.map((leaf) => leaf.permute([0, 2, 1, 3])) as [
          Tensor,
          Tensor,
          Tensor,
        ];
        scaledDotProductAttention(q, k, v, { causal: true }).backward(upstream);
        for (const leaf of leaves) {
          leaf.grad?.dispose();
          leaf.grad = undefined;
        }
      }
      await device.finish();
    },
  });
}
