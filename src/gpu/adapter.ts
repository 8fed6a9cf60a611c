/**
 * Finds an adapter and asks it for everything it has: its own limits, timestamps, half precision
 * and subgroups.
 *
 * @module
 */

import type { AdapterTraits } from "../../kernels/kernel.ts";
import { NoAdapterError } from "../errors.ts";
import { quietenDriver } from "../platform/driver.ts";
import type { Tuning } from "../tuning.ts";

/** A raw device and what is known about the adapter behind it */
export interface OpenedAdapter {
  readonly raw: GPUDevice;
  readonly traits: AdapterTraits;
  /** Name for people, such as `llvmpipe (LLVM 15.0.6, 256 bits)` */
  readonly description: string;
}

/** What to ask of the adapter */
export interface AdapterOptions {
  /** Which adapter to prefer where there are two */
  powerPreference?: "low-power" | "high-performance";
  /**
   * What was found best on adapters, see {@link readTuning}; without it the choice is built in. It
   * decides about speed: kernels add up in the same order in any case
   */
  tuning?: Tuning;
  /** Overrides what was found out about the adapter, to force a kernel variant */
  traits?: Partial<AdapterTraits>;
}

/** Limits that decide how large tensors and workgroups may be */
const WANTED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
] as const;

/**
 * Opens an adapter with the adapter's own limits.
 *
 * @throws {NoAdapterError} without WebGPU, an adapter or a device
 */
export async function openAdapter(options: AdapterOptions = {}): Promise<OpenedAdapter> {
  quietenDriver();
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  if (!gpu) throw new NoAdapterError("this runtime has no navigator.gpu");
  const adapter = await gpu.requestAdapter({
    powerPreference: options.powerPreference ?? "high-performance",
  });
  if (!adapter) throw new NoAdapterError("no adapter was offered");

  const requiredLimits = Object.fromEntries(
    WANTED_LIMITS.map((name) => [name, adapter.limits[name]]),
  );
  const optional = ["timestamp-query", "shader-f16"].filter((name) =>
    adapter.features.has(name as GPUFeatureName)
  );
  const request = (features: string[]) =>
    adapter.requestDevice({ requiredFeatures: features as GPUFeatureName[], requiredLimits });
  let raw: GPUDevice;
  try {
    // Deno does not list "subgroups" among the features of adapters that have it: just ask.
    raw = await request([...optional, "subgroups"]);
  } catch {
    try {
      raw = await request(optional);
    } catch (error) {
      throw new NoAdapterError(`the adapter gave no device (${(error as Error).message})`);
    }
  }

  const { vendor, device } = adapter.info;
  const description = adapter.info.description || `${vendor} ${device}`.trim() || "unnamed adapter";
  const software = /llvmpipe|swiftshader|lavapipe|software/i.test(description);
  const subgroups = await probeSubgroups(raw, adapter.info);
  return {
    raw,
    description,
    traits: {
      software,
      fastTextureLoads: /llvmpipe/i.test(description),
      ...subgroups,
      f16: raw.features.has("shader-f16"),
      timestamps: raw.features.has("timestamp-query"),
      workgroupMemory: raw.limits.maxComputeWorkgroupStorageSize,
      ...options.tuning?.[description],
      ...options.traits,
    },
  };
}

/**
 * Whether subgroup built-ins compile, and behind which prelude: browsers demand `enable
 * subgroups;`, wgpu rejects it. Most of our kernels need a subgroup size that is fixed.
 */
async function probeSubgroups(
  raw: GPUDevice,
  { subgroupMinSize = 0, subgroupMaxSize = 0 }: GPUAdapterInfo,
): Promise<Pick<AdapterTraits, "subgroupSize" | "subgroupSizes" | "subgroupPrelude">> {
  const none = { subgroupSize: 0, subgroupSizes: [0, 0], subgroupPrelude: "" } as const;
  if (!raw.features.has("subgroups") || subgroupMinSize === 0) return none;
  for (const subgroupPrelude of ["", "enable subgroups;\n"]) {
    raw.pushErrorScope("validation");
    raw.createShaderModule({
      code: /* wgsl */ `${subgroupPrelude}
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) lid: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  x[lid.x] = subgroupShuffle(f32(lane), 0u) + subgroupBroadcast(f32(lane), 1u);
}`,
    });
    if (await raw.popErrorScope() !== null) continue;
    return {
      subgroupSize: subgroupMinSize === subgroupMaxSize ? subgroupMinSize : 0,
      subgroupSizes: [subgroupMinSize, subgroupMaxSize],
      subgroupPrelude,
    };
  }
  return none;
}
