/**
 * What every test on the GPU shares: one device per kernel variant, and the check that a test frees
 * all it made.
 */

import { assertEquals } from "@std/assert";
import { type Device, requestDevice } from "../mod.ts";
import { type AdapterTraits, TILING_NAMES } from "../kernels/kernel.ts";
import { assertWithinLimits } from "./limits.ts";

/** Adapters to pretend: kernels choose other variants on each of them */
export const VARIANTS: Readonly<Record<string, Partial<AdapterTraits>>> = {
  "as found": {},
  "as a GPU without subgroups": {
    software: false,
    subgroupSize: 0,
    subgroupSizes: [0, 0],
    subgroupPrelude: "",
  },
};

/** A GPU with subgroups of sizes between these; llvmpipe's have 8 */
const withSubgroups = (least: number, most: number): Partial<AdapterTraits> => ({
  software: false,
  subgroupSize: 0,
  subgroupSizes: [least, most],
  tiling: "subgroups",
});

/** A GPU with each of the tilings of `kernels/matmul_tiled.ts` forced on it */
export const TILINGS: Readonly<Record<string, Partial<AdapterTraits>>> = {
  ...Object.fromEntries(
    TILING_NAMES.filter((tiling) => tiling !== "subgroups").map((tiling) => [
      `tiles of ${tiling}`,
      { ...VARIANTS["as a GPU without subgroups"], tiling },
    ]),
  ),
  "tiles for subgroups of up to 16": withSubgroups(8, 16),
  "tiles for subgroups of 4 to 32": withSubgroups(4, 32),
  "tiles for subgroups of up to 64": withSubgroups(8, 64),
};

const devices = new Map<string, Promise<Device>>();

/** A device that compiles only what every adapter can run */
async function openDevice(traits: Partial<AdapterTraits>): Promise<Device> {
  const device = await requestDevice({ debug: true, traits });
  const { raw } = device.runtime;
  const compile = raw.createShaderModule.bind(raw);
  raw.createShaderModule = (descriptor) => {
    assertWithinLimits(descriptor.code);
    return compile(descriptor);
  };
  return device;
}

/** The device shared by the tests of this process */
export function sharedDevice(variant = "as found"): Promise<Device> {
  let device = devices.get(variant);
  if (!device) {
    device = openDevice({ ...VARIANTS, ...TILINGS }[variant]!);
    devices.set(variant, device);
  }
  return device;
}

/**
 * A test with a device, on which it must leave neither tensors nor failures behind. Everything made
 * while it runs and not disposed counts.
 */
export function gpuTest(
  name: string,
  run: (device: Device) => void | Promise<void>,
  options: { variant?: string } = {},
): void {
  Deno.test({
    name: options.variant && options.variant !== "as found" ? `${name} (${options.variant})` : name,
    // The device outlives the test.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const device = await sharedDevice(options.variant);
      const before = device.memory().liveTensors;
      await run(device);
      await device.finish();
      assertEquals(device.memory().liveTensors, before, "Tensors are still alive after the test");
    },
  });
}
