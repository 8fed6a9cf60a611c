/** Devices: making, writing and reading tensors, counting memory, reporting failures. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { GpuError, NoAdapterError, requestDevice } from "../mod.ts";
import type { Kernel } from "../kernels/kernel.ts";
import { gpuTest } from "./gpu.ts";

gpuTest("tensor() takes shape and type from nested arrays", async (device) => {
  using _scope = device.scope();
  const matrix = device.tensor([[1, 2, 3], [4, 5, 6]]);
  assertEquals([matrix.shape, matrix.dtype], [[2, 3], "f32"]);
  assertEquals(await matrix.nested(), [[1, 2, 3], [4, 5, 6]]);
  const scalar = device.tensor(2.5);
  assertEquals([scalar.shape, await scalar.item()], [[], 2.5]);
  assertEquals(device.tensor([[true], [false]]).dtype, "bool");
  assertEquals(device.tensor([]).shape, [0]);
  assertEquals(device.tensor([[], []]).shape, [2, 0]);
  assertEquals(await device.tensor([[], []]).nested(), [[], []]);
  assertEquals(device.tensor([1, 2], { dtype: "i32" }).dtype, "i32");
});

gpuTest(
  "tensor() takes the type from typed arrays and the shape from its options",
  async (device) => {
    using _scope = device.scope();
    const ids = device.tensor(new Uint16Array([1, 65535]), { shape: [2, 1] });
    assertEquals([ids.shape, ids.dtype], [[2, 1], "i32"]);
    assertEquals(await ids.data(), new Int32Array([1, 65535]));
    assertEquals(device.tensor(new Float64Array([0.1])).dtype, "f32");
    const part = new Float32Array([0, 1, 2, 3]).subarray(1, 3);
    assertEquals(await device.tensor(part).nested(), [1, 2]);
  },
);

gpuTest("tensor() rejects ragged arrays, wrong shapes and what is no number", (device) => {
  using _scope = device.scope();
  assertThrows(
    () => device.tensor([[1, 2], [3]]),
    TypeError,
    "Cannot make a tensor of ragged arrays: found lengths 2 and 1 at depth 1",
  );
  assertThrows(
    () => device.tensor([[1, 2], 3]),
    TypeError,
    "Cannot make a tensor of ragged arrays: found a number at depth 1",
  );
  assertThrows(
    () => device.tensor([1, [2]]),
    TypeError,
    "Cannot make a tensor of ragged arrays",
  );
  assertThrows(
    () => device.tensor([1, 2, 3], { shape: [2, 2] }),
    TypeError,
    "Cannot make a tensor of shape [2, 2]: needs 4 values, got 3",
  );
  assertThrows(
    () => device.zeros([2, -1]),
    RangeError,
    "Cannot make a tensor of shape [2, -1]: sizes must be whole numbers from 0",
  );
  assertThrows(
    () => device.tensor(new BigInt64Array(1)),
    TypeError,
    "Cannot make a tensor of a BigInt64Array: needs an array of 32-bit numbers",
  );
  // @ts-expect-error: text is no number
  assertThrows(() => device.tensor(["1"]), TypeError, "Cannot make a tensor of string");
});

gpuTest("zeros(), ones(), full(), empty() and arange()", async (device) => {
  using _scope = device.scope();
  assertEquals(await device.zeros([3]).nested(), [0, 0, 0]);
  assertEquals(await device.ones([1, 2], { dtype: "i32" }).nested(), [[1, 1]]);
  assertEquals(await device.full([2], -1.5).nested(), [-1.5, -1.5]);
  assertEquals(await device.full([2], NaN).nested(), [NaN, NaN]);
  assertEquals(device.empty([2, 3]).shape, [2, 3]);
  assertEquals(await device.arange(-2, 3).nested(), [-2, -1, 0, 1, 2]);
  assertEquals(device.arange(3, 3).shape, [0]);
  assertEquals(device.ones([2], { requiresGrad: true }).requiresGrad, true);
});

gpuTest(
  "random tensors are the same for a seed, with the right mean and spread",
  async (device) => {
    using _scope = device.scope();
    const size = 20_000;
    for (const make of ["rand", "randn", "truncNormal"] as const) {
      const first = await device[make]([size], { seed: 5 }).data();
      assertEquals(await device[make]([size], { seed: 5 }).data(), first);
      assert((await device[make]([size], { seed: 6 }).data())[0] !== first[0]);
    }
    const normal = device.randn([size], { seed: 1 });
    assert(Math.abs(await normal.mean().item()) < 0.03);
    assert(Math.abs(await normal.variance().item() - 1) < 0.05);
    const uniform = device.rand([size], { seed: 1 });
    assert(await uniform.min().item() >= 0 && await uniform.max().item() < 1);
    const cut = device.truncNormal([size], { seed: 1, std: 0.5, low: -0.75, high: 0.75 });
    assert(await cut.abs().max().item() <= 0.75);
  },
);

gpuTest("write() overwrites in place, in order with what was computed before", async (device) => {
  using x = device.tensor([1, 2]);
  using before = x.mul(10);
  x.write([3, 4]);
  using after = x.mul(10);
  assertEquals(await before.nested(), [10, 20]);
  assertEquals(await after.nested(), [30, 40]);
  using ids = device.tensor(new Int32Array(2));
  ids.write(new Uint16Array([7, 8]));
  assertEquals(await ids.nested(), [7, 8]);
  assertThrows(() => x.write([1]), TypeError, "Cannot write 1 values to Tensor f32 [2]: needs 2");
  using matrix = device.zeros([2, 2]);
  using view = matrix.transpose();
  assertThrows(() => view.write([1, 2, 3, 4]), TypeError, "is not a strided view");
  using row = matrix.slice({ start: 1 });
  row.write([5, 6]);
  assertEquals(await matrix.nested(), [[0, 0], [5, 6]]);
});

gpuTest("data(), nested() and item() read views in row-major order", async (device) => {
  using _scope = device.scope();
  const x = device.tensor([[1, 2, 3], [4, 5, 6]]);
  assertEquals(await x.transpose().nested(), [[1, 4], [2, 5], [3, 6]]);
  assertEquals(await x.slice({ axis: 1, start: 1 }).data(), new Float32Array([2, 3, 5, 6]));
  assertEquals(await x.slice({ start: 1 }).nested(), [[4, 5, 6]]);
  assertEquals(await x.select({ index: 0 }).expand([2, 3]).nested(), [[1, 2, 3], [1, 2, 3]]);
  assertEquals(await x.slice({ start: 1, end: 1 }).nested(), []);
  assertEquals(await x.slice({ start: 1 }).slice({ axis: 1, start: 2 }).item(), 6);
  await assertRejects(
    () => x.item(),
    TypeError,
    "Cannot read one item of a tensor of shape [2, 3]: needs one element",
  );
});

gpuTest("readAll() reads several tensors at once, empty views among them", async (device) => {
  using _scope = device.scope();
  const x = device.tensor([1, 2, 3]);
  const tensors = [x.slice({ start: 3 }), x, device.zeros([0]), x.slice({ start: 2 })];
  const read = (await device.readAll(tensors)).map((bytes) => [...new Float32Array(bytes)]);
  assertEquals(read, [[], [1, 2, 3], [], [3]]);
});

gpuTest("tensors describe themselves", (device) => {
  using x = device.zeros([2, 3]);
  assertEquals(String(x), "Tensor f32 [2, 3]");
  assertEquals(Deno.inspect(x), "Tensor f32 [2, 3]");
  assertEquals([x.rank, x.size], [2, 6]);
});

Deno.test("memory() counts tensors and bytes, and buffers are used again", async () => {
  using device = await requestDevice();
  assertEquals(device.memory(), {
    liveTensors: 0,
    usedBytes: 0,
    pooledBytes: 0,
    buffersCreated: 0,
  });
  const x = device.zeros([1000]);
  const view = x.reshape([10, 100]);
  const { liveTensors, usedBytes, buffersCreated } = device.memory();
  assertEquals([liveTensors, buffersCreated], [2, 1]);
  assert(usedBytes >= 4000 && usedBytes <= 5000);
  x.dispose();
  assertEquals(device.memory().usedBytes, usedBytes, "The view holds the memory");
  view.dispose();
  assertEquals(device.memory(), {
    liveTensors: 0,
    usedBytes: 0,
    pooledBytes: usedBytes,
    buffersCreated: 1,
  });
  device.zeros([1000]).dispose();
  assertEquals(device.memory().buffersCreated, 1);
});

Deno.test("a disposed device gives up its memory and says so when it is used", async () => {
  const device = await requestDevice();
  const x = device.ones([2]);
  device.dispose();
  device.dispose();
  assertEquals(device.memory().liveTensors, 0);
  assertThrows(() => x.add(1), GpuError, "Cannot run add: the device is gone (it was disposed)");
  assert(typeof await device.lost === "string");
});

Deno.test("ops on tensors of two devices throw", async () => {
  using first = await requestDevice();
  using second = await requestDevice();
  const x = first.ones([2]), y = second.ones([2]);
  assertThrows(() => x.add(y), TypeError, "its tensors live on different devices");
});

Deno.test("a kernel that fails validation surfaces as a GpuError that names it", async () => {
  using device = await requestDevice({ debug: true });
  using x = device.ones([2]);
  const broken: Kernel = {
    name: "broken_on_purpose",
    code: "@compute @workgroup_size(1) fn main() { let x: u32 = 1.5; }",
    workgroups: [1, 1, 1],
  };
  device.runtime.dispatch(broken, [x.storage("break").buffer!]);
  await assertRejects(
    () => device.finish(),
    GpuError,
    "Kernel broken_on_purpose failed validation",
  );
});

Deno.test("without debug mode a failure surfaces as a GpuError at the next reading", async () => {
  using device = await requestDevice();
  using x = device.ones([2]);
  device.runtime.dispatch({
    name: "broken_on_purpose",
    code: "not WGSL at all",
    workgroups: [1, 1, 1],
  }, [x.storage("break").buffer!]);
  await assertRejects(() => x.data(), GpuError, "The GPU reported an error");
});

Deno.test("requestDevice() without an adapter throws a NoAdapterError with advice", async () => {
  const { gpu } = navigator;
  const without = async (gpu: unknown) => {
    Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });
    return await requestDevice();
  };
  try {
    const error = await assertRejects(() => without(undefined), NoAdapterError);
    assert(error.message.includes("this runtime has no navigator.gpu"));
    assert(error.message.includes("sudo apt-get install mesa-vulkan-drivers"));
    const none = { requestAdapter: () => Promise.resolve(null) };
    await assertRejects(() => without(none), NoAdapterError, "no adapter was offered");
  } finally {
    Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });
  }
});

Deno.test("a tensor larger than the adapter allows is refused before anything breaks", async () => {
  using device = await requestDevice();
  assertThrows(
    () => device.empty([2 ** 20, 2 ** 20]),
    RangeError,
    "bytes for one tensor: this adapter allows at most",
  );
  assertEquals(device.memory().usedBytes, 0);
});
