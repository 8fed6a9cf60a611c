/**
 * The training loop.
 *
 * @module
 */

import { type BatchSource, textBatches } from "../data/batch_source.ts";
import { DivergenceError } from "../errors.ts";
import type { Precision, TransformerLM } from "../nn/transformer_lm.ts";
import { AdamW } from "../optim/adamw.ts";
import { LossScaler } from "../optim/loss_scaler.ts";
import type { SGD } from "../optim/sgd.ts";
import { StepRing } from "../optim/step_ring.ts";
import type { Tensor } from "../tensor.ts";
import { loadCheckpoint, type TrainingState } from "./checkpoint.ts";
import { evaluate } from "./evaluate.ts";
import { LearningRateCourse } from "./learning_rate.ts";
import type {
  BatchTrainOptions,
  CourseOptions,
  StepEvent,
  Trainable,
  TrainOptions,
} from "./options.ts";
import type { MetricsLine } from "./run_directory.ts";
import { StepRunner } from "./step_runner.ts";

/** Seconds between readings of the losses */
const READ_SECONDS = 0.5;

/** Steps before kernels are timed, or half of all where there are fewer */
const WARM_UP_STEPS = 10;

/** Most steps whose kernels are timed */
const PROFILED_STEPS = 5;

/** Steps left out in a row before a training ends; by then any scale of the loss has come down to 1 */
const MAX_SKIPPED = 25;

/**
 * Trains a model and yields an event for every step. Losses stay on the device and are read together
 * every half second, so that the device never waits; events come in bursts.
 *
 * The same model, data and options give the same losses, bit for bit, on the same adapter, also
 * when the training was interrupted and resumed.
 *
 * @throws {RangeError} if the data are shorter than one sequence and one token, if a token is not in
 * the model's vocabulary
 * @throws {DivergenceError} if the loss is no longer a finite number: then no checkpoint is written
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
export function train(
  model: TransformerLM,
  options: TrainOptions,
): AsyncGenerator<StepEvent, void, void>;
/**
 * Trains any module with a loss on batches of any kind.
 *
 * @example Learn which of two numbers is greater, with a loss on the answer only
 * ```ts
 * import { type BatchSource, IGNORED, Random, requestDevice, train, TransformerLM } from "@kindling/lm";
 * import { assert } from "@std/assert";
 *
 * const shape = [16, 3]; // two numbers and what asks for the greater
 * const data: BatchSource = {
 *   batch(number) {
 *     const random = new Random(number);
 *     const rows = Array.from({ length: 16 }, () => [random.integer(8), random.integer(8)] as const);
 *     const inputs = Int32Array.from(rows.flatMap(([a, b]) => [a, b, 8]));
 *     const targets = Int32Array.from(rows.flatMap(([a, b]) => [IGNORED, IGNORED, Math.max(a, b)]));
 *     return { inputs: { shape, data: inputs }, targets: { shape, data: targets } };
 *   },
 * };
 * using device = await requestDevice();
 * const config = { vocabSize: 9, contextLength: 3, dModel: 32, nLayers: 1, nHeads: 2 };
 * using model = new TransformerLM(device, config, { seed: 0 });
 * const losses: number[] = [];
 * for await (const { loss } of train(model, { data, steps: 60, learningRate: 1e-2 })) {
 *   losses.push(loss);
 * }
 * assert(losses.at(-1)! < losses[0]! / 2);
 * ```
 */
export function train(
  model: Trainable,
  options: BatchTrainOptions,
): AsyncGenerator<StepEvent, void, void>;
export async function* train(
  model: Trainable | TransformerLM,
  options: TrainOptions | BatchTrainOptions,
): AsyncGenerator<StepEvent, void, void> {
  const course = "batch" in options.data
    ? batchCourse(model, options as BatchTrainOptions)
    : textCourse(model as TransformerLM, options as TrainOptions);
  const trainer = new Trainer(model, course);
  try {
    yield* trainer.run();
  } finally {
    trainer.dispose();
  }
}

/** A training with all that depends on what is learned filled in */
interface Course extends CourseOptions {
  readonly data: BatchSource;
  readonly seed: number;
  readonly loss: (inputs: Tensor, targets: Tensor) => Tensor;
}

function batchCourse(model: Trainable, options: BatchTrainOptions): Course {
  return {
    seed: 0,
    loss: (inputs, targets) => model.loss(inputs, targets),
    ...options,
  };
}

function textCourse(model: TransformerLM, options: TrainOptions): Course {
  const { validation, batchSize, seed, evalBatches: maxBatches, measure } = options;
  const contextLength = options.contextLength ?? model.config.contextLength;
  if (contextLength > model.config.contextLength) {
    throw new RangeError(
      `Cannot train on sequences of ${contextLength} tokens: the model's context length is ` +
        `${model.config.contextLength}`,
    );
  }
  const { vocabSize } = model.config;
  const course = {
    loss: (tokens: Tensor, targets: Tensor) => model.loss(tokens, targets),
    ...options,
    data: textBatches(options.data, { batchSize, contextLength, seed, vocabSize }),
  };
  if (!validation) return course;
  const sizes = { batchSize, contextLength, ...(maxBatches === undefined ? {} : { maxBatches }) };
  return {
    ...course,
    measure: async (step) => ({
      valLoss: (await evaluate(model, { data: validation, ...sizes })).loss,
      ...await measure?.(step),
    }),
  };
}

/** The course of a training: what comes when, and the clock */
class Trainer {
  readonly #model: Trainable;
  readonly #course: Course;
  readonly #optimizer: AdamW | SGD;
  readonly #runner: StepRunner;
  readonly #scaler: LossScaler | undefined;
  readonly #ring: StepRing;
  readonly #learningRate: LearningRateCourse;
  #state: TrainingState;
  /** Steps in the ring that have not been read, with the tokens that each has seen */
  #pending: Pick<MetricsLine, "step" | "tokens" | "learningRate">[] = [];
  /** Steps that were measured */
  #measured: MetricsLine[] = [];
  #isStopped = false;
  /** Steps left out in a row */
  #skipped = 0;
  #savedStep = 0;
  #readAt = 0;
  #readEvery = 1;

  constructor(model: Trainable, course: Course) {
    const { precision = model.precision } = course;
    if (precision === "f16" && model.precision === undefined) {
      throw new TypeError("Cannot train in f16: the model has no precision that could be set");
    }
    this.#model = model;
    this.#course = course;
    this.#learningRate = new LearningRateCourse(course.learningRate ?? 1e-3);
    this.#optimizer = course.optimizer ?? new AdamW(model.parameters(), course.adamw ?? {});
    this.#scaler = precision === "f16" ? new LossScaler(model.device) : undefined;
    const scaler = this.#scaler, ring = this.#ring = new StepRing(model.device);
    this.#runner = new StepRunner(model, this.#optimizer, { ...course, scaler, ring });
    this.#state = { step: 0, tokens: 0, elapsedSeconds: 0, seed: course.seed };
  }

  async *run(): AsyncGenerator<StepEvent, void, void> {
    const { steps, resume, signal, onProfile } = this.#course;
    if (resume !== undefined) await this.#resume(resume);
    const firstStep = this.#state.step;
    const warmUp = Math.min(WARM_UP_STEPS, Math.floor((steps - firstStep) / 2));
    const profiledStep = onProfile ? firstStep + warmUp : undefined;
    this.#readAt = performance.now();
    const { precision: precisionBefore } = this.#model;
    this.#setPrecision(this.#course.precision);
    this.#model.train();
    try {
      while (this.#state.step < steps && !signal?.aborted && !this.#isStopped) {
        if (this.#state.step === profiledStep) {
          yield* await this.#report({ measurement: false, checkpoint: false });
          await this.#profile();
        } else {
          this.#step();
        }
        const needs = this.#needs();
        const isFull = this.#pending.length >= this.#readEvery;
        if (isFull || needs.measurement || needs.checkpoint) yield* await this.#report(needs);
      }
      const isInterrupted = this.#state.step < steps && this.#state.step > firstStep;
      if (isInterrupted) yield* await this.#report({ measurement: false, checkpoint: true });
    } finally {
      this.#model.eval();
      this.#setPrecision(precisionBefore);
    }
  }

  #setPrecision(precision: Precision | undefined): void {
    if (precision && this.#model.precision) this.#model.precision = precision;
  }

  async #resume(checkpoint: string): Promise<void> {
    const model = this.#model, optimizer = this.#optimizer;
    const { run } = this.#course;
    this.#state = await loadCheckpoint(checkpoint, { model, optimizer });
    this.#learningRate.state = this.#state.plateau;
    if (this.#state.lossScale) this.#scaler?.restore(this.#state.lossScale);
    await run?.rewindMetrics(this.#state.step);
    this.#measured = (await run?.metrics() ?? []).filter(isMeasured);
  }

  /** Records one step; nothing is read */
  #step(): void {
    const { accumulationSteps = 1, data } = this.#course;
    const step = ++this.#state.step;
    const learningRate = this.#learningRate.at(step);
    this.#optimizer.lr = learningRate;
    this.#optimizer.begin();
    this.#model.beginStep?.(step);
    const first = (step - 1) * accumulationSteps;
    const batches = Array.from({ length: accumulationSteps }, (_, i) => data.batch(first + i));
    const tokens = batches.reduce((sum, { inputs }) => sum + inputs.data.length, 0);
    this.#runner.run(batches);
    this.#pending.push({ step, tokens, learningRate });
  }

  /** What is due after the last step */
  #needs(): { measurement: boolean; checkpoint: boolean } {
    const { steps, evalEvery, checkpointEvery } = this.#course;
    const { step } = this.#state;
    const isDue = (every = Infinity) => step === steps || step % every === 0;
    return { measurement: isDue(evalEvery), checkpoint: isDue(checkpointEvery) };
  }

  /** Takes some steps with every kernel timed, up to one after which something is due */
  async #profile(): Promise<void> {
    let taken = 0;
    const profile = await this.#model.device.profile(() => {
      do {
        this.#step();
        taken++;
      } while (taken < PROFILED_STEPS && !Object.values(this.#needs()).includes(true));
    });
    await this.#course.onProfile!(profile, taken);
  }

  /** Reads what is pending, measures, writes to the run, and gives the events */
  async #report(needs: { measurement: boolean; checkpoint: boolean }): Promise<StepEvent[]> {
    const { steps, run, logEvery = 10 } = this.#course;
    const events = this.#pending.length > 0 ? await this.#read() : [];
    const last = events.at(-1);
    if (last && needs.measurement) await this.#measure(last);
    const isLogged = (event: StepEvent) =>
      event.step === 1 || event.step === steps || event.step % logEvery === 0 || isMeasured(event);
    await run?.log(events.filter((event) => isLogged(event) && !event.isSkipped));
    checkFinite(events.filter((event) => !event.isSkipped));
    if (last && isMeasured(last) && this.#course.stop?.(this.#measured)) {
      this.#isStopped = last.isStopped = true;
    }
    if (needs.checkpoint || this.#isStopped) {
      const checkpoint = await this.#save();
      if (last && checkpoint !== undefined) last.checkpoint = checkpoint;
    }
    return events;
  }

  /** Reads the losses of all pending steps */
  async #read(): Promise<StepEvent[]> {
    const steps = this.#pending;
    const results = (await this.#ring.read()).slice(-steps.length);
    this.#pending = [];
    const seconds = (performance.now() - this.#readAt) / 1000;
    this.#readAt = performance.now();
    const perStep = seconds / steps.length;
    this.#readEvery = this.#learningRate.needsEveryLoss
      ? 1
      : Math.min(this.#ring.capacity, Math.max(1, Math.round(READ_SECONDS / perStep)));
    const speed = steps.reduce((sum, { tokens }) => sum + tokens, 0) / seconds;
    const state = this.#state;
    return steps.map(({ step, tokens, learningRate }, i) => {
      const { loss, gradNorm, clipFactor } = results[i]!;
      state.tokens += tokens;
      state.elapsedSeconds += perStep;
      const isSkipped = this.#scaler !== undefined && !Number.isFinite(gradNorm);
      this.#skipped = isSkipped ? this.#skipped + 1 : 0;
      if (this.#skipped > MAX_SKIPPED) {
        throw new DivergenceError(
          step,
          `in half precision, gradients overflowed in ${this.#skipped} steps in a row`,
        );
      }
      if (this.#learningRate.needsEveryLoss && !isSkipped) this.#learningRate.observe({ loss });
      return {
        ...(isSkipped && { isSkipped }),
        ...{ step, tokens: state.tokens, loss, learningRate, gradNorm, clipFactor },
        ...{ tokensPerSecond: speed, elapsedSeconds: state.elapsedSeconds },
      };
    });
  }

  /** Adds to an event what the model is found to be worth */
  async #measure(event: StepEvent): Promise<void> {
    const { measure, evalEvery = Infinity } = this.#course;
    if (!measure) return;
    this.#model.eval();
    const found = await measure(event.step);
    this.#model.train();
    const { valLoss, ...metrics } = found;
    if (valLoss !== undefined) event.valLoss = valLoss;
    if (Object.keys(metrics).length > 0) event.metrics = metrics;
    this.#measured.push({ ...event });
    // A measurement that is only due since the training ends here must not count: a training that
    // goes on later would differ from one that was never interrupted.
    const isRegular = event.step % evalEvery === 0;
    if (isRegular && !this.#learningRate.needsEveryLoss) this.#learningRate.observe(found);
    // The clock of the training stands still meanwhile.
    this.#readAt = performance.now();
  }

  /** Writes a checkpoint of this step, unless there is one, and gives its name */
  async #save(): Promise<string | undefined> {
    const { run } = this.#course;
    if (!run || this.#savedStep === this.#state.step) return undefined;
    const { state: plateau } = this.#learningRate;
    this.#savedStep = this.#state.step;
    const lossScale = await this.#scaler?.read();
    const state = { ...this.#state, ...(plateau && { plateau }), ...(lossScale && { lossScale }) };
    return await run.save({ model: this.#model, optimizer: this.#optimizer, state });
  }

  dispose(): void {
    this.#ring.dispose();
    this.#runner.dispose();
    this.#scaler?.dispose();
    if (!this.#course.optimizer) {
      this.#optimizer.zeroGrad();
      this.#optimizer.dispose();
    }
  }
}

function isMeasured({ valLoss, metrics }: MetricsLine): boolean {
  return valLoss !== undefined || metrics !== undefined;
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
  throw new DivergenceError(step, found);
}
