/**
 * The training loop.
 *
 * @module
 */

import { backward } from "../autograd.ts";
import { sampleBatch } from "../data/batches.ts";
import { checkTokenRange, type TokenSource } from "../data/token_source.ts";
import type { Capture } from "../gpu/capture.ts";
import { place } from "../launch/place.ts";
import type { TransformerLM } from "../nn/transformer_lm.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { AdamW, type AdamWOptions } from "../optim/adamw.ts";
import { clipFactor, gradNorm } from "../optim/clip.ts";
import type { SGD } from "../optim/sgd.ts";
import type { Tensor } from "../tensor.ts";
import { loadCheckpoint, type TrainingState } from "./checkpoint.ts";
import { evaluate } from "./evaluate.ts";
import type { MetricsLine, RunDirectory } from "./run_directory.ts";

/** Options of {@link train} */
export interface TrainOptions {
  /** Tokens to learn from */
  data: TokenSource;
  /** Tokens to measure the validation loss on */
  validation?: TokenSource;
  /** Number of the last step */
  steps: number;
  /** Sequences in a step, or in each of its parts where gradients are accumulated */
  batchSize: number;
  /** Tokens a sequence; the model's context length unless said otherwise */
  contextLength?: number;
  /** Decides the batches and what dropout drops */
  seed: number;
  /** A rate, or a function of the step's number from 1; 1e-3 */
  learningRate?: number | ((step: number) => number);
  /** AdamW's other options */
  adamw?: Partial<Omit<AdamWOptions, "lr">>;
  /** An optimizer over `model.parameters()` instead of a new AdamW; the caller disposes it */
  optimizer?: AdamW | SGD;
  /** Greatest norm of all gradients; 1. Infinity to leave them alone */
  clipNorm?: number;
  /** Batches whose gradients are averaged in one step; 1 */
  accumulationSteps?: number;
  /** Steps between measurements of the validation loss; only after the last step if left out */
  evalEvery?: number;
  /** Batches of a measurement, spread over `validation`; the whole of it if left out */
  evalBatches?: number;
  /** Where metrics and checkpoints go; nowhere if left out */
  run?: RunDirectory;
  /** Steps between lines in the metrics; 10 */
  logEvery?: number;
  /** Steps between checkpoints; only at the end if left out */
  checkpointEvery?: number;
  /** Folder of a checkpoint to go on from; metrics of later steps are dropped from `run` */
  resume?: string;
  /** Ends the training after the current step, with a checkpoint */
  signal?: AbortSignal;
}

/** One step of training */
export interface StepEvent extends MetricsLine {
  /** Name of the checkpoint written after this step */
  checkpoint?: string;
}

/** Most steps whose losses wait on the device */
const RING = 64;

/** Seconds between readings of the losses */
const READ_SECONDS = 0.5;

/**
 * Trains a model and yields an event for every step. Losses stay on the device and are read together
 * every half second, so that the device never waits; events come in bursts.
 *
 * The same model, data and options give the same losses, bit for bit, on the same adapter, also
 * when the training was interrupted and resumed.
 *
 * @throws {RangeError} if the data are shorter than one sequence and one token, if a token is not in
 * the model's vocabulary, or if the loss is no longer a finite number: then no checkpoint is written
 *
 * @example Learn to count
 * ```ts
 * import { requestDevice, tokensInMemory, train, TransformerLM } from "@kindling/lm";
 * import { assert } from "@std/assert";
 *
 * using device = await requestDevice();
 * const config = { vocabSize: 8, contextLength: 8, dModel: 16, nLayers: 1, nHeads: 2 };
 * using model = new TransformerLM(device, config, { seed: 0 });
 * const data = tokensInMemory(Array.from({ length: 400 }, (_, i) => i % 8));
 * const losses: number[] = [];
 * for await (
 *   const { loss } of train(model, { data, steps: 30, batchSize: 4, seed: 0, learningRate: 1e-2 })
 * ) losses.push(loss);
 * assert(losses.at(-1)! < losses[0]! / 4);
 * ```
 */
export async function* train(
  model: TransformerLM,
  options: TrainOptions,
): AsyncGenerator<StepEvent, void, void> {
  const trainer = new Trainer(model, options);
  try {
    yield* trainer.run();
  } finally {
    trainer.dispose();
  }
}

/** What a step must tell before its losses have been read */
interface PendingStep {
  readonly step: number;
  readonly learningRate: number;
}

/** A recorded step and its outputs */
interface StepGraph {
  readonly capture: Capture;
  readonly loss: Tensor;
  readonly norm: Tensor;
}

/** The tensors of a training loop, and its clock */
class Trainer {
  readonly #model: TransformerLM;
  readonly #options: TrainOptions;
  readonly #optimizer: AdamW | SGD;
  readonly #shape: readonly [number, number];
  readonly #tokens: Tensor;
  readonly #targets: Tensor;
  /** Loss and gradient norm of the steps that were not read yet, [RING, 2] */
  readonly #ring: Tensor;
  #graph: StepGraph | undefined;
  #pending: PendingStep[] = [];
  #state: TrainingState;
  #savedStep = 0;
  #readAt = 0;
  #readEvery = 1;

  constructor(model: TransformerLM, options: TrainOptions) {
    const { device } = model;
    const contextLength = options.contextLength ?? model.config.contextLength;
    if (contextLength > model.config.contextLength) {
      throw new RangeError(
        `Cannot train on sequences of ${contextLength} tokens: the model's context length is ` +
          `${model.config.contextLength}`,
      );
    }
    this.#model = model;
    this.#options = options;
    this.#shape = [options.batchSize, contextLength];
    this.#optimizer = options.optimizer ?? new AdamW(model.parameters(), options.adamw ?? {});
    this.#state = { step: 0, tokens: 0, elapsedSeconds: 0, seed: options.seed };
    const empty = (shape: readonly number[], dtype: "i32" | "f32") =>
      device.scopes.outside(() => device.empty(shape, { dtype }));
    this.#tokens = empty(this.#shape, "i32");
    this.#targets = empty(this.#shape, "i32");
    this.#ring = empty([RING, 2], "f32");
  }

  async *run(): AsyncGenerator<StepEvent, void, void> {
    const { steps, evalEvery, checkpointEvery, resume, signal } = this.#options;
    const model = this.#model, optimizer = this.#optimizer;
    if (resume !== undefined) {
      this.#state = await loadCheckpoint(resume, { model, optimizer });
      await this.#options.run?.rewindMetrics(this.#state.step);
    }
    const firstStep = this.#state.step;
    this.#readAt = performance.now();
    model.train();
    try {
      while (this.#state.step < steps && !signal?.aborted) {
        this.#step();
        const { step } = this.#state;
        const isDue = (every = Infinity) => step === steps || step % every === 0;
        const needs = { evaluation: isDue(evalEvery), checkpoint: isDue(checkpointEvery) };
        const isFull = this.#pending.length >= this.#readEvery;
        if (isFull || needs.evaluation || needs.checkpoint) yield* await this.#report(needs);
      }
      const isStopped = this.#state.step < steps && this.#state.step > firstStep;
      if (isStopped) yield* await this.#report({ evaluation: false, checkpoint: true });
    } finally {
      model.eval();
    }
  }

  /** Reads what is pending, measures, writes to the run, and gives the events */
  async #report(needs: { evaluation: boolean; checkpoint: boolean }): Promise<StepEvent[]> {
    const { steps, run, logEvery = 10 } = this.#options;
    const events = this.#pending.length > 0 ? await this.#read() : [];
    const last = events.at(-1);
    if (last && needs.evaluation && this.#options.validation) last.valLoss = await this.#validate();
    const isLogged = ({ step, valLoss }: StepEvent) =>
      step === 1 || step === steps || step % logEvery === 0 || valLoss !== undefined;
    await run?.log(events.filter(isLogged));
    checkFinite(events);
    if (run && needs.checkpoint && this.#savedStep !== this.#state.step) {
      const model = this.#model, optimizer = this.#optimizer;
      const checkpoint = await run.save({ model, optimizer, state: this.#state });
      this.#savedStep = this.#state.step;
      if (last) last.checkpoint = checkpoint;
    }
    return events;
  }

  /** Records one step; nothing is read */
  #step(): void {
    const { learningRate = 1e-3, accumulationSteps = 1 } = this.#options;
    const step = ++this.#state.step;
    const rate = typeof learningRate === "number" ? learningRate : learningRate(step);
    this.#optimizer.lr = rate;
    this.#optimizer.begin();
    this.#model.beginStep(step);
    if (accumulationSteps > 1) {
      using _scope = this.#model.device.scope();
      let loss: Tensor | undefined;
      for (let part = 0; part < accumulationSteps; part++) {
        this.#draw((step - 1) * accumulationSteps + part);
        const share = this.#backward(1 / accumulationSteps);
        loss = loss ? add(loss, share) : share;
      }
      this.#note(loss!, this.#update());
    } else {
      this.#draw(step - 1);
      // The first step records a graph, all others replay it.
      if (this.#graph) this.#graph.capture.run();
      else this.#graph = this.#captureStep();
      this.#note(this.#graph.loss, this.#graph.norm);
    }
    this.#pending.push({ step, learningRate: rate });
    this.#state.tokens += this.#tokens.size * accumulationSteps;
  }

  /** Runs a step without accumulation and records it */
  #captureStep(): StepGraph {
    const { device } = this.#model;
    let outputs: Omit<StepGraph, "capture"> | undefined;
    const capture = device.capture(() => {
      using _scope = device.scope();
      const loss = this.#backward(1).keep();
      outputs = { loss, norm: this.#update().keep() };
    });
    return { capture, ...outputs! };
  }

  /** Writes the next batch to the device */
  #draw(batchNumber: number): void {
    const [batchSize, contextLength] = this.#shape;
    const { data, seed } = this.#options;
    const batch = sampleBatch(data, { batchSize, contextLength, seed, step: batchNumber });
    const { vocabSize } = this.#model.config;
    checkTokenRange(batch.inputs, vocabSize);
    checkTokenRange(batch.targets, vocabSize);
    this.#tokens.write(batch.inputs);
    this.#targets.write(batch.targets);
  }

  /** Adds the gradients of the batch, scaled; returns its scaled loss, without history */
  #backward(scale: number): Tensor {
    const mean = this.#model.loss(this.#tokens, this.#targets);
    const loss = scale === 1 ? mean : mul(mean, scale);
    backward(loss);
    return loss.detach();
  }

  /** Clips the gradients, changes the parameters and returns the norm before clipping */
  #update(): Tensor {
    const norm = gradNorm(this.#model.parameters());
    const gradientScale = clipFactor(norm, this.#options.clipNorm ?? 1);
    this.#optimizer.apply({ gradientScale });
    this.#optimizer.zeroGrad();
    return norm;
  }

  /** Copies a step's loss and gradient norm to where they wait to be read */
  #note(loss: Tensor, norm: Tensor): void {
    using _scope = this.#model.device.scope();
    const ring = this.#ring.view({ shape: [2 * RING] });
    const start = 2 * this.#pending.length;
    place(loss.view({ shape: [1] }), ring, { axis: 0, start });
    place(norm.view({ shape: [1] }), ring, { axis: 0, start: start + 1 });
  }

  /** Reads the losses of all pending steps */
  async #read(): Promise<StepEvent[]> {
    const values = await this.#ring.data();
    const seconds = (performance.now() - this.#readAt) / 1000;
    this.#readAt = performance.now();
    const pending = this.#pending;
    this.#pending = [];
    const perStep = seconds / pending.length;
    this.#readEvery = Math.min(RING, Math.max(1, Math.round(READ_SECONDS / perStep)));
    const before = this.#state.elapsedSeconds;
    this.#state.elapsedSeconds += seconds;
    const tokensPerStep = this.#tokens.size * (this.#options.accumulationSteps ?? 1);
    return pending.map(({ step, learningRate }, i) => ({
      step,
      tokens: this.#state.tokens - (pending.length - 1 - i) * tokensPerStep,
      loss: values[2 * i]!,
      learningRate,
      gradNorm: values[2 * i + 1]!,
      tokensPerSecond: tokensPerStep / perStep,
      elapsedSeconds: before + (i + 1) * perStep,
    }));
  }

  async #validate(): Promise<number> {
    const [batchSize, contextLength] = this.#shape;
    const { validation, evalBatches } = this.#options;
    const { loss } = await evaluate(this.#model, {
      data: validation!,
      batchSize,
      contextLength,
      ...(evalBatches === undefined ? {} : { maxBatches: evalBatches }),
    });
    // The clock of the training stands still meanwhile.
    this.#readAt = performance.now();
    return loss;
  }

  dispose(): void {
    for (const tensor of [this.#tokens, this.#targets, this.#ring]) tensor.dispose();
    if (this.#graph) {
      this.#graph.loss.dispose();
      this.#graph.norm.dispose();
      this.#graph.capture.dispose();
    }
    if (!this.#options.optimizer) {
      this.#optimizer.zeroGrad();
      this.#optimizer.dispose();
    }
  }
}

/** Ends a training that has diverged, before its ruins are saved over a good checkpoint */
function checkFinite(events: readonly StepEvent[]): void {
  const bad = events.find((event) =>
    !(Number.isFinite(event.loss) && Number.isFinite(event.gradNorm) &&
      Number.isFinite(event.valLoss ?? 0))
  );
  if (!bad) return;
  const { step, loss, gradNorm, valLoss } = bad;
  const found = !Number.isFinite(loss)
    ? `the loss is ${loss}`
    : !Number.isFinite(gradNorm)
    ? `the norm of the gradients is ${gradNorm}`
    : `the validation loss is ${valLoss}`;
  throw new RangeError(
    `Cannot go on training after step ${step}: ${found}; a smaller learning rate may help`,
  );
}
