/**
 * Tiled products under Chromium's WebGPU, which has another WGSL compiler, one that demands uniform
 * control flow around barriers and subgroups, and an adapter with subgroups of 4: what cannot be
 * learned from llvmpipe. Chromium starts in a second; where it is missing, nothing is tested.
 */

import { assert, assertEquals } from "@std/assert";
import type { AdapterTraits } from "../../kernels/kernel.ts";
import { matmulKernel, type MatmulLaunch } from "../../kernels/matmul.ts";
import { Random } from "../../src/random.ts";
import { findChromium, Page } from "../browser.ts";
import { matmul, mul, type NdArray, ndarray, permute, reshape, rope } from "../reference/mod.ts";
import { assertNear } from "./products.ts";

/** Sizes that tiles do not divide; heads of 8 columns, sequences of 10 rows */
const M = 70, N = 72, K = 37, HEAD = 8, POSITIONS = 10;

/** What a page does with one kernel */
const RUN = /* js */ `async ({ code, params, workgroups, inputs, size }) => {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter?.features.has("subgroups")) return { missing: true };
  const { subgroupMinSize, subgroupMaxSize } = adapter.info;
  const device = await adapter.requestDevice({ requiredFeatures: ["subgroups"] });
  device.pushErrorScope("validation");
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const upload = (values, usage) => {
    const buffer = device.createBuffer({ size: values.byteLength, usage: usage | COPY_DST });
    device.queue.writeBuffer(buffer, 0, values);
    return buffer;
  };
  const result = device.createBuffer({ size, usage: STORAGE | COPY_SRC });
  const copy = device.createBuffer({ size, usage: COPY_DST | MAP_READ });
  const buffers = [
    ...inputs.map((values) => upload(new Float32Array(values), STORAGE)),
    result,
    upload(new Uint32Array(params), UNIFORM),
  ];
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  }));
  pass.dispatchWorkgroups(...workgroups);
  pass.end();
  encoder.copyBufferToBuffer(result, 0, copy, 0, size);
  device.queue.submit([encoder.finish()]);
  const error = await device.popErrorScope();
  if (error) return { error: error.message };
  await copy.mapAsync(GPUMapMode.READ);
  const values = [...new Float32Array(copy.getMappedRange())];
  return { values, sizes: [subgroupMinSize, subgroupMaxSize] };
}`;

const random = new Random(1);
const draw = (...shape: [number, number]) =>
  ndarray(shape, random.fillUniform(new Float32Array(shape[0] * shape[1]), -2, 2));
const a = draw(M, K), b = draw(K, N), second = draw(K, N);

/** Cosine and sine for each pair of a head at each position, from the definition */
const angles = Float32Array.from({ length: POSITIONS * HEAD }, (_, i) => {
  const pair = Math.floor(i % HEAD / 2);
  const angle = Math.floor(i / HEAD) * 10000 ** (-2 * pair / HEAD);
  return i % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
});

/** The product's heads turned by their positions */
function turned(product: NdArray): NdArray {
  const heads = reshape(product, [M / POSITIONS, POSITIONS, N / HEAD, HEAD]);
  const byHead = rope(permute(heads, [0, 2, 1, 3]));
  return reshape(permute(byHead, [0, 2, 1, 3]), [M, N]);
}

/** Both at once: two products with the same A, multiplied with each other and turned */
function launch(): MatmulLaunch {
  const operand = (leading: number) => ({ offset: 0, leading, transposed: false, batch: [] });
  const turn = { offset: 0, columns: N, dimension: HEAD, positions: POSITIONS, firstPosition: 0 };
  return {
    ...{ m: M, n: N, k: K, batch: [], a: operand(K), b: operand(N), second: operand(N) },
    c: { offset: 0, add: false },
    epilogue: { name: "", operands: [], values: ["v * w"], turn },
  };
}

const chromium = await findChromium();

Deno.test({
  name: "products are right in Chromium, with subgroups and without",
  ignore: chromium === undefined,
  async fn() {
    // Only secure contexts have WebGPU: pages of this machine are, empty ones are not.
    const html = { headers: { "content-type": "text/html" } };
    await using server = Deno.serve({ port: 0, onListen() {} }, () => new Response("", html));
    await using page = await Page.open(chromium!, { width: 100, height: 100, webGpu: true });
    await page.goto(`http://localhost:${server.addr.port}/`);
    const traits = { software: false, subgroupSize: 0, subgroupPrelude: "enable subgroups;\n" };
    const inputs = [a.data, b.data, second.data, angles].map((values) => Array.from(values));
    const expected = turned(mul(matmul(a, b), matmul(a, second)));
    for (const tiling of ["64x64", "subgroups"] as const) {
      const { code, params, workgroups } = matmulKernel(
        launch(),
        { ...traits, subgroupSizes: [4, 32], tiling } as unknown as AdapterTraits,
      );
      const job = { code, workgroups, params: [...params!], inputs, size: 4 * M * N };
      const answer = await page.evaluate(`(${RUN})(${JSON.stringify(job)})`);
      if (answer.missing) return;
      assertEquals(answer.error, undefined, tiling);
      assert(answer.sizes[0] >= 4 && answer.sizes[1] <= 32, "subgroups are of other sizes");
      assertNear(answer.values, expected.data, tiling);
    }
  },
});
