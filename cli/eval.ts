/** `kindling eval`: how well a trained model predicts a text. */

import { tokensInMemory } from "../src/data/token_source.ts";
import { evaluate } from "../src/train/evaluate.ts";
import type { TextTokenizer } from "../src/tokenizer/text_tokenizer.ts";
import { loadTrainedModel, type TrainedModel } from "../src/train/trained_model.ts";
import { type Command, defineCommand } from "./command.ts";
import { describeDevice, openDevice } from "./device.ts";
import { fact } from "./facts.ts";
import { alignColumns, formatInteger, formatMeasured } from "./format.ts";
import { UsageError } from "./options.ts";
import { Progress } from "./progress.ts";
import { loadTrainedTask, type TrainedTask } from "./tasks/trained.ts";
import { paint, print } from "./terminal.ts";
import { encodeText, splitText } from "./train/encode_text.ts";
import { storedSource } from "./train/plan.ts";
import { filesAsSource, nameOf } from "./train/text_source.ts";

/** The `eval` command. */
export const command: Command = defineCommand({
  name: "kindling eval",
  description:
    "Measure how well a trained model predicts a text: loss, perplexity, bits per byte. " +
    "The text is cut into contexts that do not overlap. Of a run on a toy task: the task's " +
    "measurements on its validation and test data.",
  positionals: {
    run: { required: true, description: "A run directory, or a checkpoint in one" },
    textFile: {
      many: true,
      description: "Text in UTF-8; the run's own validation text if none is given",
    },
  },
  options: {
    batchSize: { type: "integer", min: 1, default: 16, description: "Contexts side by side" },
    json: { type: "boolean", description: "Print the results as JSON" },
  },
  async run({ positionals, options }): Promise<void> {
    using device = await openDevice();
    const learned = await loadTrainedTask(device, positionals.run);
    if (learned) {
      if (positionals.textFile.length > 0) {
        throw new UsageError(`Cannot use text files: the run has learned ${learned.task.name}`);
      }
      return await evaluateTask(learned, options);
    }
    const trained = await loadTrainedModel(device, positionals.run);
    const { name, ids } = positionals.textFile.length > 0
      ? await givenText(trained, positionals.textFile)
      : await validationText(trained, positionals.run);
    if (ids.length < 2) {
      throw new RangeError(`Cannot evaluate on ${name}: it has ${ids.length} tokens, needs two`);
    }
    describeDevice(device);
    const { model, tokenizer } = trained;
    using bar = new Progress({ label: "eval", total: ids.length - 1 });
    const { loss, perplexity, tokens } = await evaluate(model, {
      data: tokensInMemory(ids),
      onProgress: (done) => bar.update(done),
      batchSize: options.batchSize,
      contextLength: Math.min(model.config.contextLength, ids.length - 1),
      includeRemainder: true,
    });
    bar.finish();
    const bytes = countBytes(tokenizer, ids.subarray(1));
    const bitsPerByte = loss * tokens / Math.LN2 / bytes;
    if (options.json) {
      const { state: { step } } = trained;
      const result = { text: name, step, tokens, bytes, loss, perplexity, bitsPerByte };
      print(JSON.stringify(result, undefined, 2));
      return;
    }
    fact(
      "Text",
      `${name}: ${formatInteger(tokens)} tokens, ${formatInteger(bytes)} bytes predicted`,
    );
    print(alignColumns([
      ["Loss", `${paint("bold", loss.toFixed(4))} nats per token`],
      ["Perplexity", perplexity.toFixed(3)],
      ["Bits per byte", bitsPerByte.toFixed(4)],
    ]));
  },
});

/** Measures a model on the data of its task. */
async function evaluateTask(
  { task, model, state: { step } }: TrainedTask,
  { json }: { json: boolean },
): Promise<void> {
  using _model = model;
  const validation = await task.evaluate(model, "validation");
  const test = await task.evaluate(model, "test");
  if (json) {
    print(JSON.stringify({ task: task.name, step, validation, test }, undefined, 2));
    return;
  }
  fact("Task", `${task.name}: ${task.title}`);
  const loss = { name: "loss", title: "loss", unit: "nats" } as const;
  const rows = [...task.metrics, loss].map(({ name, title, unit }) => {
    const values = [validation[name], test[name]];
    return [
      title,
      ...values.map((value) => value === undefined ? "–" : formatMeasured(value, unit)),
    ];
  });
  print(alignColumns([["", "validation", "test"], ...rows]));
}

/** The tokens of files. */
async function givenText(
  { tokenizer }: TrainedModel,
  paths: readonly string[],
): Promise<{ name: string; ids: Int32Array }> {
  const source = await filesAsSource(paths);
  return { name: nameOf(source), ids: await encodeText(tokenizer, source) };
}

/** The tokens that training kept for validation. */
async function validationText(
  { config, tokenizer }: TrainedModel,
  path: string,
): Promise<{ name: string; ids: Int32Array }> {
  const source = storedSource(config, path);
  const name = nameOf(source);
  const ids = await encodeText(tokenizer, source);
  const { contextLength } = config.model;
  const { validation } = splitText(ids, { name, contextLength });
  return { name: `${name}, the last tenth`, ids: validation.read(0, validation.length) };
}

/** The length of the text behind tokens, in UTF-8. */
function countBytes(tokenizer: TextTokenizer, ids: Int32Array): number {
  return ids.reduce((bytes, id) => bytes + tokenizer.idToBytes(id).length, 0);
}
