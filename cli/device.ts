/** The device that a command works on. */

import type { Device } from "../src/device.ts";
import { fact } from "./facts.ts";

/** Says which adapter is in use. */
export function describeDevice({ description, runtime }: Device): void {
  fact("Adapter", description + (runtime.traits.software ? ": software, on the CPU" : ""));
}
