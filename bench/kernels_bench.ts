/**
 * The kernels of a training step, one op at a time, at the shapes of CS336's model for TinyStories.
 * Each op is checked against the float64 oracle, values and gradients, before it is timed; the rates
 * in the names are those of the kernels alone, from timestamp queries.
 *
 *     deno bench -A --preload=scripts/quieten.ts bench/kernels_bench.ts
 *
 * Each run queues ten and waits once, since waiting costs about 10 ms in Deno whatever the work:
 * divide the times by ten. Attention has a file of its own.
 */

import { AdamW, type Device, requestDevice, type Tensor } from "../mod.ts";
import type { Shape } from "../src/shape.ts";
import { checkRow, upload } from "../tests/ops/check.ts";
import { inputsOf, type OpRow, upstreamOf } from "../tests/ops/row.ts";
import { TABLE } from "../tests/ops/table.ts";

const QUEUED = 10;

/** An op of the test table at a size that matters */
interface Case {
  /** Row of the op test table */
  readonly row: string;
  readonly shapes: readonly Shape[];
  /** Second operand as a transposed view */
  readonly transposed?: boolean;
  /** Whether gradients are computed too */
  readonly backward?: boolean;
}

const CASES: readonly Case[] = [
  { row: "matmul", shapes: [[512, 512], [512, 512]] },
  { row: "matmul", shapes: [[1024, 1024], [1024, 1024]] },
  { row: "matmul", shapes: [[2048, 512], [512, 1344]], backward: true },
  { row: "matmul", shapes: [[2048, 512], [1344, 512]], transposed: true, backward: true },
  { row: "rmsNorm", shapes: [[2048, 512], [512]], backward: true },
  { row: "layerNorm", shapes: [[2048, 512], [512], [512]], backward: true },
  { row: "swiglu", shapes: [[2048, 1344], [2048, 1344]], backward: true },
  { row: "softmax", shapes: [[2048, 1024]], backward: true },
  { row: "applyRotary", shapes: [[8, 16, 256, 32]], backward: true },
  { row: "embedding", shapes: [[10000, 512], [2048]], backward: true },
  { row: "crossEntropy", shapes: [[2048, 10000], [2048]], backward: true },
  { row: "add", shapes: [[2048, 512], [2048, 512]] },
  { row: "sum", shapes: [[2048, 512]] },
];

/** The row of a case, or of its plainest setting where the table lists several */
function rowOf(name: string): OpRow {
  const row = TABLE.find((row) => row.name === name) ??
    TABLE.find((row) => row.name.startsWith(`${name} `));
  if (!row) throw new RangeError(`Cannot find ${name} in the op test table`);
  return row;
}

/** The function to be timed, on inputs of the case's shapes */
function prepare(device: Device, row: OpRow, { shapes, backward, transposed }: Case): () => void {
  const leaves = inputsOf(row, shapes).map((values, i) => {
    const domain = row.domains?.[i] ?? row.domains?.at(-1);
    const tensor = upload(device, values, domain?.dtype);
    if (backward && tensor.dtype === "f32") tensor.requiresGrad = true;
    return tensor;
  });
  let upstream: Tensor | undefined;
  return () => {
    using _scope = device.scope();
    const inputs = leaves.map((leaf, i) => transposed && i === 1 ? leaf.transpose() : leaf);
    const output = row.op(...inputs);
    if (!backward) return;
    upstream ??= device.scopes.outside(() => upload(device, upstreamOf(output.shape)));
    output.backward(upstream);
    for (const leaf of leaves) {
      leaf.grad?.dispose();
      leaf.grad = undefined;
    }
  };
}

/** GFLOP/s where kernels count operations, else GB/s */
async function rateOf(device: Device, run: () => void): Promise<string> {
  if (!device.runtime.traits.timestamps) return "";
  run(); // compiles
  const profile = await device.profile(() => {
    for (let i = 0; i < QUEUED; i++) run();
  });
  const total = (of: (dispatch: { flops: number; bytes: number }) => number) =>
    profile.dispatches.reduce((sum, dispatch) => sum + of(dispatch), 0);
  const nanoseconds = profile.milliseconds * 1e6;
  const flops = total(({ flops }) => flops);
  return flops > 0
    ? `: ${(flops / nanoseconds).toFixed(1)} GFLOP/s`
    : `: ${(total(({ bytes }) => bytes) / nanoseconds).toFixed(1)} GB/s`;
}

async function register(device: Device, name: string, run: () => void): Promise<void> {
  Deno.bench({
    name: `${QUEUED} × ${name}${await rateOf(device, run)}`,
    n: 5,
    warmup: 1,
    async fn() {
      for (let i = 0; i < QUEUED; i++) run();
      await device.finish();
    },
  });
}

const device = await requestDevice();

for (const name of new Set(CASES.map(({ row }) => row))) await checkRow(device, rowOf(name));

for (const entry of CASES) {
  const row = rowOf(entry.row);
  const shapes = entry.shapes.map((shape) => shape.join("×")).join(" · ");
  const how = (entry.transposed ? "ᵀ" : "") + (entry.backward ? ", fwd + bwd" : "");
  await register(device, `${entry.row} ${shapes}${how}`, prepare(device, row, entry));
}

// AdamW is no op of the table: its first step from a gradient of ones moves parameters by exactly
// the learning rate, after the decay.
const parameter = device.ones([4_000_000], { requiresGrad: true });
parameter.grad = device.ones([4_000_000]);
const optimizer = new AdamW([parameter], { lr: 0.5, weightDecay: 0.5 });
optimizer.step();
const moved = (await parameter.data()).find((x) => Math.abs(x - 0.25) > 1e-6);
if (moved !== undefined) throw new Error(`AdamW gave ${moved}, expected 0.25`);
await register(device, "AdamW over 4 million parameters", () => optimizer.step());
