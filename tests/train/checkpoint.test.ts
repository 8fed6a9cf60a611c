// Checkpoints and run directories: what is written is read again, and what is damaged is refused.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AdamW,
  CharTokenizer,
  type Device,
  loadCheckpoint,
  loadTrainedModel,
  RunDirectory,
  saveCheckpoint,
  train,
  type TransformerLM,
} from "../../mod.ts";
import { gpuTest } from "../gpu.ts";
import { TEXT, tinyModel, withRun } from "./tiny.ts";

const STATE = { step: 3, tokens: 96, elapsedSeconds: 1.5, seed: 4 };

/** All parameters as plain arrays */
async function weights(model: TransformerLM): Promise<Record<string, Float32Array>> {
  const entries = [...model.namedParameters()].map(async ([name, parameter]) =>
    [name, await parameter.data()] as const
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** A checkpoint of a model after three steps, in a folder that is removed afterwards */
async function withCheckpoint(
  device: Device,
  use: (path: string, model: TransformerLM) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/step-3`;
  try {
    using model = tinyModel(device);
    using optimizer = new AdamW(model.parameters());
    const options = { data: TEXT, steps: 3, batchSize: 2, seed: 0, optimizer };
    await Array.fromAsync(train(model, options));
    await saveCheckpoint(path, { model, optimizer, state: STATE });
    await use(path, model);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

gpuTest("loadCheckpoint() restores what saveCheckpoint() wrote, bit for bit", async (device) => {
  await withCheckpoint(device, async (path, model) => {
    using other = tinyModel(device, {}, 1);
    using optimizer = new AdamW(other.parameters());
    assertEquals(await loadCheckpoint(path, { model: other, optimizer }), STATE);
    assertEquals(await weights(other), await weights(model));
    assertEquals(optimizer.stepCount, 3);
    // Saving again replaces the folder and leaves nothing beside it.
    await saveCheckpoint(path, { model: other, optimizer, state: STATE });
    const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals(names(`${path}/..`), ["step-3"]);
    assertEquals(names(path), ["model.safetensors", "optimizer.safetensors", "state.json"]);
  });
});

gpuTest("loadCheckpoint() refuses damaged and foreign files and loads nothing", async (device) => {
  await withCheckpoint(device, async (path) => {
    using model = tinyModel(device, {}, 1);
    const before = await weights(model);
    const refuses = async (error: new (message: string) => Error, message: string) => {
      await assertRejects(() => loadCheckpoint(path, { model }), error, message);
      assertEquals(await weights(model), before);
    };
    const file = `${path}/model.safetensors`;
    const bytes = await Deno.readFile(file);
    await Deno.writeFile(file, bytes.subarray(0, bytes.length - 100));
    await refuses(SyntaxError, "Cannot read checkpoint");
    await Deno.writeTextFile(file, "these are no tensors");
    await refuses(SyntaxError, "Cannot read checkpoint");
    await Deno.remove(file);
    await refuses(Error, "no such file");
    await Deno.writeFile(file, bytes);
    await Deno.writeTextFile(`${path}/state.json`, "{}");
    await refuses(SyntaxError, "it has no step");
  });
});

gpuTest("loadCheckpoint() refuses the checkpoint of another model", async (device) => {
  await withCheckpoint(device, async (path) => {
    using wider = tinyModel(device, { dModel: 32 });
    await assertRejects(() => loadCheckpoint(path, { model: wider }), TypeError, "needs shape");
    using deeper = tinyModel(device, { nLayers: 3 });
    await assertRejects(
      () => loadCheckpoint(path, { model: deeper }),
      TypeError,
      "missing layers.2",
    );
  });
});

gpuTest("loadTrainedModel() reads the newest checkpoint, or the one named", async (device) => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/run`;
  const tokenizer = CharTokenizer.fromText("abcdefghijk");
  try {
    using model = tinyModel(device);
    const settings = { data: {}, optimizer: {}, training: {}, seed: 0, versions: {} };
    const config = { model: model.config, ...settings };
    const run = await RunDirectory.create(path, { config, tokenizer });
    await assertRejects(() => loadTrainedModel(device, path), Error, "it has no checkpoint yet");
    const options = { data: TEXT, batchSize: 2, seed: 0, run, checkpointEvery: 2 };
    await Array.fromAsync(train(model, { ...options, steps: 4 }));

    const newest = await loadTrainedModel(device, path);
    using last = newest.model;
    assertEquals(newest.state.step, 4);
    assertEquals(newest.tokenizer.encode("cab"), [2, 0, 1]);
    assertEquals(await weights(last), await weights(model));
    const named = await loadTrainedModel(device, `${path}/checkpoints/step-00000002`);
    named.model.dispose();
    assertEquals(named.state.step, 2);
    const other = CharTokenizer.fromText("abcdefghijkl");
    await Deno.writeTextFile(`${path}/tokenizer.json`, other.toJson());
    await assertRejects(
      () => loadTrainedModel(device, path),
      RangeError,
      "its tokenizer has 12 tokens, its model 11",
    );
    await assertRejects(
      () => loadTrainedModel(device, `${folder}/none`),
      Error,
      `Cannot open run "${folder}/none": there is no such folder`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

gpuTest("RunDirectory.create() refuses a folder that has a run", async (device) => {
  await withRun(tinyModel(device), async (run) => {
    const before = await run.config();
    const contents = { config: { ...before, seed: 1 } };
    await assertRejects(
      () => RunDirectory.create(run.path, contents),
      Error,
      "one is there already",
    );
    assertEquals(await run.config(), before);
  });
});

gpuTest("RunDirectory reads metrics up to a line that was not finished", async (device) => {
  await withRun(tinyModel(device), async (run) => {
    using model = tinyModel(device);
    const options = { data: TEXT, steps: 3, batchSize: 2, seed: 0, run, logEvery: 1 };
    await Array.fromAsync(train(model, options));
    await Deno.writeTextFile(`${run.path}/metrics.jsonl`, '{"step": 4, "lo', { append: true });
    const metrics = await run.metrics();
    assertEquals(metrics.map(({ step }) => step), [1, 2, 3]);
    assert(metrics.every(({ loss }) => Number.isFinite(loss)));
    await run.rewindMetrics(2);
    assertEquals((await run.metrics()).map(({ step }) => step), [1, 2]);
  });
});
