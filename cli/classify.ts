/** `kindling classify`: teach a language model to tell labels, and see what its past is worth. */

import versions from "../deno.json" with { type: "json" };
import type { LabelledText } from "../src/data/labelled_text.ts";
import type { Device } from "../src/device.ts";
import { writeAnalysis } from "../src/tasks/analysis.ts";
import { transferAnalysis } from "../src/tasks/transfer_analysis.ts";
import type { TextTokenizer } from "../src/tokenizer/text_tokenizer.ts";
import { classify, labelledTokens } from "../src/train/evaluate_classifier.ts";
import { RunDirectory } from "../src/train/run_directory.ts";
import { loadClassifier } from "../src/train/trained_classifier.ts";
import { loadTrainedModel } from "../src/train/trained_model.ts";
import {
  compareTransfer,
  TRANSFER_METHODS,
  type TransferMethod,
  type TransferResult,
} from "../src/train/transfer.ts";
import {
  accuracyChart,
  ClassifyProgress,
  comparisonTable,
  confusionTable,
} from "./classify/report.ts";
import { type LabelledSets, madeUpSets, setsOfFile } from "./classify/texts.ts";
import { type Command, defineCommand } from "./command.ts";
import { describeDevice, openDevice } from "./device.ts";
import { fact } from "./facts.ts";
import { alignColumns, formatInteger, formatPercent } from "./format.ts";
import { UsageError, withoutUndefined } from "./options.ts";
import { INTERRUPTED, StopSignals } from "./stop_signals.ts";
import { notice, paint, print } from "./terminal.ts";

/** Options about the course, which config.json keeps. */
const COURSE_OPTIONS = {
  epochs: { type: "integer", min: 1, default: 50, description: "Most passes over the texts" },
  patience: {
    type: "integer",
    min: 1,
    default: 10,
    description: "Epochs without a better validation accuracy that end the training",
  },
  batchSize: { type: "integer", min: 1, default: 16, description: "Texts in a step" },
  learningRate: {
    type: "number",
    above: 0,
    default: 1e-3,
    description: "Learning rate; a head by itself takes ten times that",
  },
  seed: { type: "integer", default: 0, description: "Decides texts, weights and their order" },
} as const;

/** The `classify` command. */
export const command: Command = defineCommand({
  name: "kindling classify",
  description: "Give a trained language model a classifier head and teach it labels: fine-tuned, " +
    "with the head alone learning, and from scratch for comparison. The epoch with the best " +
    "validation accuracy is kept and measured on test texts.",
  positionals: {
    run: { required: true, description: "Run directory of a language model, or of a classifier" },
    labelFile: {
      description: "A label, a tab and a text on each line; made-up sentences if not given",
    },
  },
  options: {
    text: { type: "strings", description: "Tell the label of this text; needs a classifier's run" },
    out: { type: "string", placeholder: "DIR", description: "Keep a run for each method there" },
    method: {
      type: "string",
      choices: ["all", "fine-tuned", "head-only", "from-scratch"],
      default: "all",
      description: "What to train",
    },
    examples: {
      type: "integer",
      min: 1,
      description: "Texts to learn from; 32 if they are made up",
    },
    labelNoise: {
      type: "number",
      min: 0,
      max: 0.99,
      default: 0,
      description: "Share of wrong labels among the made-up sentences, the test apart",
    },
    ...COURSE_OPTIONS,
    json: { type: "boolean", description: "Print the results as JSON" },
  },
  examples: [
    ["kindling classify runs/simple-corpus", "Compare the methods on made-up sentences"],
    ["kindling classify runs/stories reviews.tsv --out runs/reviews", "Learn from a file"],
    ['kindling classify runs/reviews/fine-tuned --text "I like it."', "Use what was learned"],
  ],
  async run({ positionals, options, given }): Promise<number> {
    const { run: path, labelFile } = positionals;
    const { text, out, json, seed } = options;
    if (text.length > 0) {
      if (labelFile !== undefined) throw new UsageError("Cannot use --text with a file to learn");
      using device = await openDevice();
      await tellLabels(device, { path, texts: text, json });
      return 0;
    }
    if (labelFile !== undefined && given.has("labelNoise")) {
      throw new UsageError("Cannot use --label-noise with a file: its labels are as they are");
    }
    const sets = labelFile === undefined
      ? madeUpSets(options)
      : await setsOfFile(labelFile, options);
    const methods = methodsOf(options.method);
    if (out !== undefined) await checkFree(out, methods);
    using stop = new StopSignals();
    using device = await openDevice();
    const { model, tokenizer } = await loadTrainedModel(device, path);
    describeDevice(device);
    const { contextLength } = model.config;
    const encoding = { tokenizer, labels: sets.labels, contextLength };
    const encode = (texts: readonly LabelledText[]) => labelledTokens(texts, encoding);
    describeTexts(sets);
    using progress = new ClassifyProgress(options.epochs);
    const runOf = (method: TransferMethod) =>
      RunDirectory.create(runPath(out!, method), {
        config: {
          model: model.config,
          data: { labels: sets.labels, texts: sets.name, pretrained: path, method },
          optimizer: { learningRate: options.learningRate },
          training: Object.fromEntries(
            (Object.keys(COURSE_OPTIONS) as (keyof typeof COURSE_OPTIONS)[])
              .map((key) => [key, options[key]]),
          ),
          seed,
          versions: { kindling: versions.version, deno: Deno.version.deno },
        },
        tokenizer,
      });
    const results = await uninterrupted(
      stop.signal,
      compareTransfer(model, {
        labels: sets.labels,
        ...{ training: encode(sets.training), validation: encode(sets.validation) },
        ...{ test: encode(sets.test), methods, signal: stop.signal },
        epochs: options.epochs,
        patience: options.patience,
        batchSize: options.batchSize,
        learningRate: options.learningRate,
        seed,
        onEpoch: (method, epoch) => progress.update(method, epoch),
        ...withoutUndefined({ runOf: out === undefined ? undefined : runOf }),
      }),
    );
    progress[Symbol.dispose]();
    if (!results) {
      notice("Interrupted");
      return INTERRUPTED;
    }
    if (out !== undefined) {
      for (const result of results) {
        await writeAnalysis(runPath(out, result.method), transferAnalysis([result], sets));
      }
    }
    if (json) {
      print(JSON.stringify({ ...summary(sets), methods: results.map(forJson) }, undefined, 2));
    } else {
      showResults(results, sets, options.labelNoise);
      if (out !== undefined) {
        fact(
          "Runs",
          results.map(({ method }) => runPath(out, method)).join(", "),
        );
      }
    }
    return 0;
  },
});

/** What comes of the work, or nothing where it was interrupted. */
async function uninterrupted<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  try {
    const result = await work;
    return signal.aborted ? undefined : result;
  } catch (error) {
    if (error === signal.reason) return undefined;
    throw error;
  }
}

/** The method that the command line names, or all. */
function methodsOf(name: string): readonly TransferMethod[] {
  return TRANSFER_METHODS.filter((method) => name === "all" || method === name.replace("-", " "));
}

function runPath(out: string, method: TransferMethod): string {
  return `${out}/${method.replace(" ", "-")}`;
}

/** Fails early where a run is in the way: training may take a while. */
async function checkFree(out: string, methods: readonly TransferMethod[]): Promise<void> {
  for (const method of methods) {
    const path = runPath(out, method);
    const isThere = await Deno.stat(`${path}/config.json`).then(() => true, () => false);
    if (isThere) {
      throw new Error(`Cannot start a run in "${path}": one is there already; use --out`);
    }
  }
}

function describeTexts(sets: LabelledSets): void {
  const { training, validation, test } = summary(sets);
  fact(
    "Texts",
    `${sets.name}: ${formatInteger(training)} to learn from, ` +
      `${formatInteger(validation)} for validation, ${formatInteger(test)} for the test`,
  );
  fact("Labels", sets.labels.join(", "));
}

function summary({ name, labels, training, validation, test }: LabelledSets) {
  return {
    texts: name,
    labels,
    training: training.length,
    validation: validation.length,
    test: test.length,
  };
}

function forJson({ test, ...result }: TransferResult) {
  const { loss, accuracy, confusion } = test;
  return { ...result, test: { loss, accuracy, confusion } };
}

function showResults(
  results: readonly TransferResult[],
  { labels }: LabelledSets,
  labelNoise: number,
): void {
  for (const result of results) print(`${accuracyChart(result)}\n`);
  print(`${comparisonTable(results)}\n`);
  if (labelNoise > 0) {
    print(
      `Of the labels to learn from and to choose by ${formatPercent(labelNoise)} are wrong: ` +
        `no model can reach more than about ${formatPercent(1 - labelNoise)} there.\n`,
    );
  }
  const best = results.reduce((a, b) => b.test.accuracy > a.test.accuracy ? b : a);
  print(confusionTable(best, labels));
}

/** Prints the label of each text and how likely each is. */
async function tellLabels(
  device: Device,
  { path, texts, json }: { path: string; texts: readonly string[]; json: boolean },
): Promise<void> {
  const loaded = await loadClassifier(device, path);
  using classifier = loaded.classifier;
  const { labels, body: { config: { contextLength } } } = classifier;
  const rows = rowsOf(texts, { tokenizer: loaded.tokenizer, contextLength, label: labels[0]! });
  const found = (await classify(classifier, rows)).map((likely, i) => ({
    text: texts[i]!,
    label: labels[likely.indexOf(Math.max(...likely))]!,
    probabilities: Object.fromEntries(labels.map((label, k) => [label, likely[k]!])),
  }));
  if (json) return print(JSON.stringify(found, undefined, 2));
  print(alignColumns(found.map(({ text, label, probabilities }) => [
    paint("bold", label),
    ...Object.entries(probabilities).map(([name, p]) => `${name} ${formatPercent(p)}`),
    text,
  ])));
}

/** The tokens of texts, as they are encoded for training. */
function rowsOf(
  texts: readonly string[],
  { label, ...options }: { tokenizer: TextTokenizer; contextLength: number; label: string },
): (readonly number[])[] {
  return labelledTokens(texts.map((text) => ({ text, label })), { ...options, labels: [label] })
    .map(({ tokens }) => tokens);
}
