/** A model and a text that are as small as they can be and still learn, for the tests of training. */

import {
  type Device,
  type PartialConfig,
  Random,
  RunDirectory,
  tokensInMemory,
  TransformerLM,
} from "../../mod.ts";

/** Tokens of the tiny text and model. */
export const VOCAB_SIZE = 11;

/** Positions of the tiny model. */
export const CONTEXT_LENGTH = 8;

/** A model of about 3,000 parameters. */
export function tinyModel(device: Device, config: PartialConfig = {}, seed = 0): TransformerLM {
  const size = { contextLength: CONTEXT_LENGTH, dModel: 16, nLayers: 2, nHeads: 2, dFf: 24 };
  return new TransformerLM(device, { vocabSize: VOCAB_SIZE, ...size, ...config }, { seed });
}

/** Tokens that mostly follow a rule: each is the sum of the two before it, or now and then any. */
export function tinyTokens(length: number): Int32Array {
  const random = new Random(7);
  const tokens = Int32Array.of(1, 2, ...new Array<number>(length - 2).fill(0));
  for (let i = 2; i < length; i++) {
    const isAny = random.uniform() < 0.1;
    tokens[i] = isAny ? random.integer(VOCAB_SIZE) : (tokens[i - 1]! + tokens[i - 2]!) % VOCAB_SIZE;
  }
  return tokens;
}

/** The tiny text. */
export const TEXT = tokensInMemory(tinyTokens(600));

/** Runs `use` with the directory of a new run of a model, which is disposed at the end. */
export async function withRun(
  model: TransformerLM,
  use: (run: RunDirectory) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    const settings = { data: {}, optimizer: {}, training: {}, seed: 0, versions: {} };
    await use(await RunDirectory.create(path, { config: { model: model.config, ...settings } }));
  } finally {
    model.dispose();
    await Deno.remove(path, { recursive: true });
  }
}
