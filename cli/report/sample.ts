/** Text by the model of a run, with what else it was about to say. */

import type { TokenChance } from "../../src/display/probabilities.ts";
import { exists } from "../../src/platform/files.ts";
import { RunDirectory } from "../../src/train/run_directory.ts";
import { labelsOfRun } from "../../src/train/trained_classifier.ts";
import { loadTrainedModel } from "../../src/train/trained_model.ts";
import { openDevice } from "../device.ts";
import { promptTokens, writeText } from "../write_text.ts";

/** Likeliest tokens kept for each that is written. */
const ALTERNATIVES = 6;

/** A written token and the likeliest ones at its place. */
export interface SampledToken extends TokenChance {
  readonly alternatives: readonly TokenChance[];
}

/** Text that a model wrote. */
export interface Sample {
  readonly prompt: string;
  readonly temperature: number;
  readonly tokens: readonly SampledToken[];
}

/** What is to be written. */
export interface SampleOptions {
  readonly prompt: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
}

/** Has each run of a language model write; runs on numbers or labels give undefined. */
export async function writeSamples(
  paths: readonly string[],
  options: SampleOptions,
): Promise<(Sample | undefined)[]> {
  const canWrite = await Promise.all(paths.map(isLanguageModel));
  if (options.maxTokens === 0 || !canWrite.includes(true)) return paths.map(() => undefined);
  using device = await openDevice();
  const samples: (Sample | undefined)[] = [];
  for (const [i, path] of paths.entries()) {
    samples.push(
      canWrite[i] ? await writeSample(await loadTrainedModel(device, path), options) : undefined,
    );
  }
  return samples;
}

/** Whether a run has a checkpoint that can go on with text. */
async function isLanguageModel(path: string): Promise<boolean> {
  if (!await exists(`${path}/tokenizer.json`)) return false;
  const run = await RunDirectory.open(path);
  return await run.hasCheckpoint() && labelsOfRun(await run.config()) === undefined;
}

async function writeSample(
  { model, tokenizer, config }: Awaited<ReturnType<typeof loadTrainedModel>>,
  { prompt, temperature, ...options }: SampleOptions,
): Promise<Sample> {
  using owned = model;
  const tokens: SampledToken[] = [];
  await writeText({
    model: owned,
    tokenizer,
    prompt: promptTokens(tokenizer, prompt, { seesWholeTexts: config.data.task !== undefined }),
    temperature,
    ...options,
    inspect: {
      alternatives: ALTERNATIVES,
      onToken: ({ alternatives, ...token }) => {
        const describe = ({ token, probability }: { token: number; probability: number }) => ({
          text: tokenizer.decode([token]),
          probability,
        });
        tokens.push({ ...describe(token), alternatives: alternatives.map(describe) });
      },
    },
  });
  return { prompt, temperature, tokens };
}
