/** The device that a command works on. */

import { type Device, requestDevice } from "../src/device.ts";
import { fact } from "./facts.ts";

/** Opens the adapter and says which one it is. */
export async function openDevice(): Promise<Device> {
  const device = await requestDevice();
  const { software } = device.runtime.traits;
  fact("Adapter", device.description + (software ? ": software, on the CPU" : ""));
  return device;
}
