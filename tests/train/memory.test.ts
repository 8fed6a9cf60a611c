// Training needs the same memory at every step and leaves nothing behind.

import { assertEquals } from "@std/assert";
import { type Device, generate, type MemoryReport, requestDevice, train } from "../../mod.ts";
import { gpuTest } from "../gpu.ts";
import { CONTEXT_LENGTH, TEXT, tinyModel } from "./tiny.ts";

const STEPS = 500;
const OPTIONS = { data: TEXT, validation: TEXT, evalBatches: 2, batchSize: 2, seed: 0 };

gpuTest("train() needs the same memory at every step", async (device) => {
  using model = tinyModel(device, { dropout: 0.1 });
  const reports = new Map<number, MemoryReport>();
  // By then kernels, pools and everything that is evaluated or read have been met once.
  const settled = 100;
  for await (const { step } of train(model, { ...OPTIONS, steps: STEPS, evalEvery: 50 })) {
    if (step % 50 === 0) reports.set(step, device.memory());
  }
  for (let step = settled; step <= STEPS; step += 50) {
    assertEquals(reports.get(step), reports.get(settled), `step ${step}`);
  }
});

gpuTest("train() needs the same memory at every step with accumulation", async (device) => {
  using model = tinyModel(device);
  const reports: MemoryReport[] = [];
  for await (const { step } of train(model, { ...OPTIONS, steps: 60, accumulationSteps: 3 })) {
    if (step > 10) reports.push(device.memory());
  }
  for (const report of reports) assertEquals(report, reports[0]);
});

Deno.test({
  name: "train() and generate() leave no tensors on a device of their own",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const device: Device = await requestDevice();
    {
      using model = tinyModel(device);
      await Array.fromAsync(train(model, { ...OPTIONS, steps: 3 }));
      const maxTokens = 2 * CONTEXT_LENGTH;
      await Array.fromAsync(generate(model, { prompt: [1], maxTokens }));
    }
    assertEquals(device.memory().liveTensors, 0);
    assertEquals(device.memory().usedBytes, 0);
    device.dispose();
    assertEquals(device.memory().liveTensors, 0);
  },
});

gpuTest("train() frees its tensors when it is left early or fails", async (device) => {
  using model = tinyModel(device);
  for await (const _ of train(model, { ...OPTIONS, steps: 50 })) break;
  for (const parameter of model.parameters()) assertEquals(parameter.grad, undefined);
});
