/** What a person sees of a training run: lines about it, a progress bar, and the chart at the end. */

import type { TransformerLM } from "../../src/nn/transformer_lm.ts";
import type { MetricsLine } from "../../src/train/run_directory.ts";
import { lossChart } from "../chart.ts";
import { fact } from "../facts.ts";
import { formatCount, formatInteger } from "../format.ts";
import { Progress } from "../progress.ts";
import { columns, hasColour, hasUnicode } from "../terminal.ts";
import type { Plan } from "./plan.ts";
import type { Material } from "./session.ts";
import { nameOf } from "./text_source.ts";
import { kindOf } from "./tokenizer_choice.ts";

/** Losses of single steps are noisy: this many are averaged where one number is shown. */
const AVERAGED_STEPS = 10;

/** Says what is learned. */
export function describeMaterial(plan: Plan, { tokenizer, tokens, text }: Material): void {
  fact(
    "Text",
    `${nameOf(plan.source)}: ${formatCount(text.training.length)} tokens to learn from, ` +
      `the last ${formatCount(text.validation.length)} of ${formatCount(tokens)} for validation`,
  );
  fact("Tokenizer", `${kindOf(tokenizer)}, ${formatInteger(tokenizer.vocabSize)} tokens`);
}

/** Says what learns, and how. */
export function describeTraining(plan: Plan, model: TransformerLM): void {
  const { nLayers, nHeads, dModel, contextLength } = model.config;
  const { steps, batchSize, accumulationSteps, learningRate } = plan.options;
  const sequences = accumulationSteps === 1
    ? `${batchSize}`
    : `${accumulationSteps} × ${batchSize}`;
  fact(
    "Model",
    `${formatCount(model.parameterCount)} parameters: ${counted(nLayers, "layer")}, ` +
      `${counted(nHeads, "head")}, d_model ${dModel}, context ${contextLength}`,
  );
  fact(
    "Training",
    `${counted(steps, "step")} of ${sequences} × ${contextLength} tokens, ` +
      `learning rate up to ${learningRate}`,
  );
  fact("Run", plan.path);
}

/** `1 layer`, `2 layers`. */
function counted(count: number, noun: string): string {
  return `${formatInteger(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Shows the course of training. */
export class TrainingReport implements Disposable {
  readonly #steps: number;
  readonly #history: MetricsLine[];
  readonly #bar: Progress;

  /** `history` is what an earlier part of the run left. */
  constructor(options: { steps: number; history: readonly MetricsLine[] }) {
    this.#steps = options.steps;
    this.#history = [...options.history];
    this.#bar = new Progress({ label: "train", total: options.steps });
    this.#bar.prepare("compiling kernels");
  }

  /** Takes the next step. */
  add(event: MetricsLine): void {
    this.#history.push(event);
    const loss = this.trainingLoss.toFixed(3);
    this.#bar.update(event.step, [
      `loss ${loss}`,
      `${formatCount(event.tokensPerSecond)} tokens/s`,
    ]);
    if (event.valLoss === undefined) return;
    const step = formatInteger(event.step).padStart(6);
    this.#bar.log(
      `step ${step}   training loss ${loss}   validation loss ${event.valLoss.toFixed(3)}`,
    );
  }

  /** Training loss of the last steps. */
  get trainingLoss(): number {
    const last = this.#history.slice(-AVERAGED_STEPS);
    return last.reduce((sum, { loss }) => sum + loss, 0) / last.length;
  }

  /** The last validation loss, if it was measured. */
  get validationLoss(): number | undefined {
    return this.#history.findLast(({ valLoss }) => valLoss !== undefined)?.valLoss;
  }

  /** Seconds of training, earlier parts of the run included. */
  get seconds(): number {
    return this.#history.at(-1)?.elapsedSeconds ?? 0;
  }

  /** Both losses over the steps. */
  chart(): string {
    return lossChart({
      training: this.#history.map(({ step, loss }) => ({ step, value: loss })),
      validation: this.#history.flatMap(({ step, valLoss }) =>
        valLoss === undefined ? [] : [{ step, value: valLoss }]
      ),
      width: Math.min(100, columns()),
      unicode: hasUnicode(),
      colour: hasColour("stdout"),
    });
  }

  /** Whether the last step was taken. */
  get isComplete(): boolean {
    return this.#history.at(-1)?.step === this.#steps;
  }

  /** Prints a line above the progress bar. */
  log(line: string): void {
    this.#bar.log(line);
  }

  /** Ends the progress bar. */
  finish(): void {
    this.#bar.finish();
  }

  /** Ends the progress bar. */
  [Symbol.dispose](): void {
    this.finish();
  }
}
