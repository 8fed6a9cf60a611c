/** The device that a command works on. */

import { type Device, requestDevice } from "../src/device.ts";
import { readTuning } from "../src/tuning.ts";
import { fact } from "./facts.ts";

/** Opens the best adapter, with what `kindling tune` has found about it. */
export async function openDevice(): Promise<Device> {
  return await requestDevice({ tuning: await readTuning() });
}

/** Says which adapter is in use. */
export function describeDevice({ description, runtime: { traits } }: Device): void {
  const kind = traits.software ? ": software, on the CPU" : "";
  const tuned = traits.tiling ? `, tuned to tiles of ${traits.tiling}` : "";
  fact("Adapter", description + kind + tuned);
}
