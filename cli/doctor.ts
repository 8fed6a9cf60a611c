/** `kindling doctor`: the adapter and what it can do, or what to install. */

import config from "../deno.json" with { type: "json" };
import { NoAdapterError } from "../src/errors.ts";
import { openAdapter } from "../src/gpu/adapter.ts";
import { readTuning } from "../src/tuning.ts";
import { type Command, defineCommand } from "./command.ts";
import { alignColumns, formatBytes, formatInteger } from "./format.ts";
import { notice, paint, print } from "./terminal.ts";

/** The first version with wgpu 29, which our kernels are measured on. */
const OLDEST_DENO = "2.8.3";

/** Limits that decide how large tensors and workgroups may be. */
const LIMITS = {
  maxBufferSize: formatBytes,
  maxStorageBufferBindingSize: formatBytes,
  maxStorageBuffersPerShaderStage: formatInteger,
  maxComputeWorkgroupStorageSize: formatBytes,
  maxComputeInvocationsPerWorkgroup: formatInteger,
  maxComputeWorkgroupsPerDimension: formatInteger,
} as const;

/** What the doctor finds out about the adapter. */
interface AdapterReport {
  readonly name: string;
  readonly kind: "software" | "hardware";
  readonly backend: string;
  readonly features: Readonly<Record<string, boolean>>;
  /** Least and greatest size of a subgroup; 0 where subgroups cannot be used. */
  readonly subgroupSizes: readonly [least: number, most: number];
  readonly limits: Readonly<Record<keyof typeof LIMITS, number>>;
  /** Tiles of matrix products, where `kindling tune` has found some. */
  readonly tiling: string | null;
  /** Whether a small computation gave the right result. */
  readonly computes: boolean;
}

/** The `doctor` command. */
export const command: Command = defineCommand({
  name: "kindling doctor",
  description: "Show the GPU adapter and what it can do, or what to install where there is none.",
  options: {
    json: { type: "boolean", description: "Print the report as JSON" },
  },
  async run({ options }): Promise<number> {
    const versions = { kindling: config.version, deno: Deno.version.deno, ...Deno.build };
    const denoIsOld = isOlder(Deno.version.deno, OLDEST_DENO);
    let adapter: AdapterReport | undefined;
    let problem: string | undefined;
    try {
      adapter = await examineAdapter();
      if (!adapter.computes) problem = "The adapter computes wrong results: update its driver";
    } catch (error) {
      if (!(error instanceof NoAdapterError)) throw error;
      problem = error.message;
    }

    if (options.json) {
      const { kindling, deno, os, arch } = versions;
      const report = {
        kindling,
        deno,
        oldestDeno: OLDEST_DENO,
        os,
        arch,
        adapter,
        problem: problem ?? null,
      };
      print(JSON.stringify(report, undefined, 2));
    } else {
      print(
        `kindling ${versions.kindling}, Deno ${versions.deno}, ${versions.os} ${versions.arch}`,
      );
      if (adapter) print("\n" + describeAdapter(adapter));
      if (problem) notice(`${paint("red", "error", "stderr")}: ${problem}`);
      if (denoIsOld) {
        notice(
          `${paint("yellow", "warning", "stderr")}: Deno is older than ${OLDEST_DENO}, which ` +
            "kindling is tested with: update with deno upgrade",
        );
      }
    }
    return problem === undefined ? 0 : 1;
  },
});

async function examineAdapter(): Promise<AdapterReport> {
  const { raw, traits, description } = await openAdapter({ tuning: await readTuning() });
  try {
    return {
      name: description,
      kind: traits.software ? "software" : "hardware",
      backend: backendName(),
      features: {
        "timestamp-query": traits.timestamps,
        "shader-f16": traits.f16,
        "subgroups": traits.subgroupSizes[1] > 0,
      },
      subgroupSizes: traits.subgroupSizes,
      limits: Object.fromEntries(
        Object.keys(LIMITS).map((key) => [key, raw.limits[key as keyof typeof LIMITS]]),
      ) as Record<keyof typeof LIMITS, number>,
      tiling: traits.tiling ?? null,
      computes: await computes(raw),
    };
  } finally {
    raw.destroy();
  }
}

/** WebGPU does not tell its backend; wgpu takes the first that the system has. */
function backendName(): string {
  const chosen = Deno.env.get("DENO_WEBGPU_BACKEND");
  if (chosen) return { vulkan: "Vulkan", metal: "Metal", dx12: "Direct3D 12" }[chosen] ?? chosen;
  return { darwin: "Metal", windows: "Direct3D 12 or Vulkan" }[Deno.build.os as string] ?? "Vulkan";
}

/** Squares 256 numbers on the device. */
async function computes(device: GPUDevice): Promise<boolean> {
  const count = 256;
  const module = device.createShaderModule({
    code: /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] = id.x * id.x; }`,
  });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
  const size = 4 * count;
  const results = device.createBuffer({
    size,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
  });
  const copy = device.createBuffer({
    size,
    usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
  });
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer: results } }],
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(count / 64);
  pass.end();
  encoder.copyBufferToBuffer(results, 0, copy, 0, size);
  device.queue.submit([encoder.finish()]);
  await copy.mapAsync(GPUMapMode.READ);
  return new Uint32Array(copy.getMappedRange()).every((value, i) => value === i * i);
}

function describeAdapter(adapter: AdapterReport): string {
  const yes = (value: boolean) => value ? paint("green", "yes") : paint("dim", "no");
  const where = adapter.kind === "software" ? "software, runs on the CPU" : "hardware";
  const [least, most] = adapter.subgroupSizes;
  const sizes = least < most ? `, sizes ${least} to ${most}` : most > 0 ? `, size ${most}` : "";
  return alignColumns([
    ["Adapter", adapter.name],
    ["Kind", where],
    ["Backend", adapter.backend],
    ["Self-test", adapter.computes ? paint("green", "passed") : paint("red", "failed")],
    ...Object.entries(adapter.features).map((
      [name, has],
    ) => [name, yes(has) + (name === "subgroups" ? sizes : "")]),
    ...(adapter.tiling ? [["Tiles", `${adapter.tiling}, found by kindling tune`]] : []),
    ...Object.entries(LIMITS).map((
      [name, format],
    ) => [name, format(adapter.limits[name as keyof typeof LIMITS])]),
  ]);
}

/** Whether version `a` comes before version `b`, both `major.minor.patch`. */
function isOlder(a: string, b: string): boolean {
  const parts = (version: string) => version.split(/[.+-]/, 3).map(Number);
  const [left, right] = [parts(a), parts(b)];
  const i = left.findIndex((part, at) => part !== right[at]);
  return i >= 0 && (left[i] ?? 0) < (right[i] ?? 0);
}
