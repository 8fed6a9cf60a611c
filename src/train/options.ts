/**
 * What can be trained, and how the training loop is told to do it.
 *
 * @module
 */

import type { BatchSource } from "../data/batch_source.ts";
import type { TokenSource } from "../data/token_source.ts";
import type { Device } from "../device.ts";
import type { Module } from "../nn/module.ts";
import type { Precision } from "../nn/transformer_lm.ts";
import type { AdamW, AdamWOptions } from "../optim/adamw.ts";
import type { SGD } from "../optim/sgd.ts";
import type { Profile } from "../profile.ts";
import type { Tensor } from "../tensor.ts";
import type { LearningRate } from "./learning_rate.ts";
import type { MetricsLine, RunDirectory } from "./run_directory.ts";

/** A module with a loss, such as `TransformerLM` */
export interface Trainable extends Module {
  /** Where the model lives */
  readonly device: Device;
  /**
   * The loss of a batch, a scalar. What inputs and targets are, and of which shape, is between the
   * model and its batches; targets of `IGNORED` count for nothing.
   */
  loss(inputs: Tensor, targets: Tensor): Tensor;
  /** In how many bits activations are kept; `train()` sets it for the time of the training */
  precision?: Precision;
  /** Told the number of each step, from 1, before it begins: dropout depends on it */
  beginStep?(step: number): void;
}

/** Options of a training, whatever it learns from */
export interface CourseOptions {
  /** Number of the last step */
  steps: number;
  /** A rate, a function of the step's number from 1, or a plateau schedule; 1e-3 */
  learningRate?: LearningRate;
  /** AdamW's other options */
  adamw?: Partial<Omit<AdamWOptions, "lr">>;
  /** An optimizer over `model.parameters()` instead of a new AdamW; the caller disposes it */
  optimizer?: AdamW | SGD;
  /** Greatest norm of all gradients; 1. Infinity to leave them alone */
  clipNorm?: number;
  /**
   * Keeps activations, and weights on their way into matrix products, in 16 bits instead of 32: half
   * the memory, and on GPUs less to load. Parameters and the optimizer's state stay f32, kernels
   * compute in f32, the loss is scaled ({@link LossScaler}), and a step whose gradients overflow
   * all the same is left out. f32 unless said otherwise
   */
  precision?: Precision;
  /** Batches whose gradients are averaged in one step; 1 */
  accumulationSteps?: number;
  /** The loss of a batch, a scalar; the model's own `loss()` if left out */
  loss?: (inputs: Tensor, targets: Tensor) => Tensor;
  /** Steps between measurements; only after the last step if left out */
  evalEvery?: number;
  /**
   * Measures the model after a step; dropout is off and the clock of the training stands still.
   * `valLoss` among the numbers becomes the validation loss of the step, the others its `metrics`
   */
  measure?: (step: number) => Promise<Readonly<Record<string, number>>>;
  /**
   * Asked after each measurement whether that was enough, with all steps that were measured so far,
   * the newest last; those before an interruption are read from `run`
   */
  stop?: (measured: readonly MetricsLine[]) => boolean;
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
  /** Told once, after some steps to warm up, how long the kernels of the next `steps` steps took */
  onProfile?: (profile: Profile, steps: number) => void | Promise<void>;
}

/** Options of `train()` for learning a text */
export interface TrainOptions extends CourseOptions {
  /** Tokens to learn from */
  data: TokenSource;
  /** Tokens to measure the validation loss on */
  validation?: TokenSource;
  /** Sequences in a step, or in each of its parts where gradients are accumulated */
  batchSize: number;
  /** Tokens a sequence; the model's context length unless said otherwise */
  contextLength?: number;
  /** Decides the batches and what dropout drops */
  seed: number;
  /** Batches of a measurement, spread over `validation`; the whole of it if left out */
  evalBatches?: number;
}

/** Options of `train()` for learning from batches of any kind */
export interface BatchTrainOptions extends CourseOptions {
  /** Batch `step - 1` is learned in each step, or `accumulationSteps` in a row */
  data: BatchSource;
  /** Noted in checkpoints; 0 */
  seed?: number;
}

/** One step of training */
export interface StepEvent extends MetricsLine {
  /** What clipping multiplied the gradients with: 1 where their norm was small enough */
  clipFactor: number;
  /** Name of the checkpoint written after this step */
  checkpoint?: string;
  /** Set where the gradients were not finite in half precision: the step changed nothing */
  isSkipped?: true;
  /** Set on the last step where the `stop` option ended the training */
  isStopped?: true;
}
