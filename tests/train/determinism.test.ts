// The same seed gives the same losses, bit for bit: twice in a row, and after an interruption.

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  type Device,
  type PartialConfig,
  type RunDirectory,
  type StepEvent,
  train,
  type TrainOptions,
} from "../../mod.ts";
import { gpuTest } from "../gpu.ts";
import { TEXT, tinyModel, withRun } from "./tiny.ts";

const STEPS = 9;
const BASE: TrainOptions = {
  data: TEXT,
  validation: TEXT,
  evalBatches: 3,
  steps: STEPS,
  batchSize: 3,
  seed: 5,
  learningRate: (step) => 1e-2 / step,
};

/** What is trained in each of the tests */
const CASES: Record<string, { config: PartialConfig; options: Partial<TrainOptions> }> = {
  "plain": { config: {}, options: {} },
  "with dropout": { config: { dropout: 0.2 }, options: {} },
  "with accumulation and dropout": { config: { dropout: 0.2 }, options: { accumulationSteps: 2 } },
};

/** What does not depend on the clock */
function course(events: readonly StepEvent[]) {
  return events.map(({ step, tokens, loss, gradNorm, clipFactor, learningRate, valLoss }) => {
    return { step, tokens, loss, gradNorm, clipFactor, learningRate, valLoss };
  });
}

async function trainOnce(
  device: Device,
  config: PartialConfig,
  options: Partial<TrainOptions>,
): Promise<ReturnType<typeof course>> {
  using model = tinyModel(device, config);
  return course(await Array.fromAsync(train(model, { ...BASE, ...options })));
}

for (const [name, { config, options }] of Object.entries(CASES)) {
  gpuTest(`train() gives the same losses twice in a row, ${name}`, async (device) => {
    const first = await trainOnce(device, config, options);
    assertEquals(first.length, STEPS);
    assertEquals(await trainOnce(device, config, options), first);
    assertNotEquals(await trainOnce(device, config, { ...options, seed: 6 }), first);
  });

  gpuTest(`train() goes on from a checkpoint as if never interrupted, ${name}`, async (device) => {
    const whole = await trainOnce(device, config, options);
    await withRun(tinyModel(device, config), async (run) => {
      const first = await trainOnce(device, config, { ...options, run, steps: 4 });
      const resume = await run.latestCheckpoint();
      const rest = await trainOnce(device, config, { ...options, run, resume });
      assertEquals([...first.map((event) => ({ ...event, valLoss: undefined })), ...rest], whole);
    });
  });
}

gpuTest("train() stopped by a signal saves a checkpoint to go on from", async (device) => {
  const whole = await trainOnce(device, {}, {});
  await withRun(tinyModel(device), async (run) => {
    const stop = new AbortController();
    const first: StepEvent[] = [];
    {
      using model = tinyModel(device);
      for await (const event of train(model, { ...BASE, run, signal: stop.signal })) {
        first.push(event);
        stop.abort();
      }
    }
    assert(first.length < STEPS);
    const resume = await run.latestCheckpoint();
    assert(resume.endsWith(`step-${`${first.length}`.padStart(8, "0")}`), resume);
    const rest = await trainOnce(device, {}, { resume });
    assertEquals([...course(first), ...rest], whole);
  });
});

gpuTest("train() tells how gradients were clipped, in events and in metrics", async (device) => {
  await withRun(tinyModel(device), async (run) => {
    const events = await trainOnce(device, {}, { run, clipNorm: 2, logEvery: 1 });
    for (const { gradNorm, clipFactor } of events) {
      assert(Math.abs(clipFactor - Math.min(1, 2 / (gradNorm + 1e-6))) < 1e-6);
    }
    const factors = events.map(({ clipFactor }) => clipFactor);
    assert(Math.min(...factors) < 1 && Math.max(...factors) === 1, `${factors}`);
    assertEquals((await run.metrics()).map(({ clipFactor }) => clipFactor), factors);
  });
});

gpuTest("train() logs the same metrics with and without an interruption", async (device) => {
  const logged = async (run: RunDirectory) =>
    (await run.metrics()).map(({ tokensPerSecond: _, elapsedSeconds: __, ...line }) => line);
  await withRun(tinyModel(device), (whole) =>
    withRun(tinyModel(device), async (parts) => {
      const options = { logEvery: 2, evalEvery: 3, checkpointEvery: 4 };
      await trainOnce(device, {}, { ...options, run: whole });
      await trainOnce(device, {}, { ...options, run: parts, steps: 8, evalEvery: 3 });
      // Steps after the checkpoint that is gone on from are dropped and trained again.
      const resume = `${parts.path}/checkpoints/step-00000004`;
      await trainOnce(device, {}, { ...options, run: parts, resume });
      assertEquals(await logged(parts), await logged(whole));
      assertEquals((await logged(whole)).map(({ step }) => step), [1, 2, 3, 4, 6, 8, 9]);
    }));
});
