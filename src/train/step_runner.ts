/**
 * One step of training on the device: loss, gradients, clipping, optimizer. A step is recorded the
 * first time that a shape of batch is met, and replayed from then on.
 *
 * @module
 */

import { backward } from "../autograd.ts";
import type { IntegerArray, TrainingBatch } from "../data/batch_source.ts";
import type { Device } from "../device.ts";
import type { Capture } from "../gpu/capture.ts";
import { add, mul } from "../ops/arithmetic.ts";
import type { AdamW } from "../optim/adamw.ts";
import { measureGradients } from "../optim/clip.ts";
import type { LossScaler } from "../optim/loss_scaler.ts";
import type { SGD } from "../optim/sgd.ts";
import type { StepRing } from "../optim/step_ring.ts";
import type { Tensor } from "../tensor.ts";
import type { Trainable } from "./options.ts";

/** Batches of one shape: the tensors they are written to, and the recorded step */
interface BatchSlot {
  readonly inputs: Tensor;
  readonly targets: Tensor;
  graph?: Capture;
}

/** What a step depends on */
interface StepOptions {
  /** Gets what each step gives */
  readonly ring: StepRing;
  readonly loss: (inputs: Tensor, targets: Tensor) => Tensor;
  readonly clipNorm?: number;
  /** Scales the loss where gradients have half precision */
  readonly scaler?: LossScaler | undefined;
}

/** Runs the steps of one training */
export class StepRunner {
  readonly #model: Trainable;
  readonly #optimizer: AdamW | SGD;
  readonly #options: StepOptions;
  readonly #slots = new Map<string, BatchSlot>();

  constructor(model: Trainable, optimizer: AdamW | SGD, options: StepOptions) {
    this.#model = model;
    this.#optimizer = optimizer;
    this.#options = options;
  }

  /** Takes a step on the mean of some batches */
  run(batches: readonly TrainingBatch[]): void {
    const [first] = batches;
    if (batches.length > 1) return this.#accumulate(batches);
    const slot = this.#write(first!);
    if (slot.graph) slot.graph.run();
    else slot.graph = this.#capture(slot);
  }

  /** Takes a step without recording it */
  #accumulate(batches: readonly TrainingBatch[]): void {
    using _scope = this.#model.device.scope();
    let loss: Tensor | undefined;
    for (const batch of batches) {
      const share = this.#backward(this.#write(batch), 1 / batches.length);
      loss = loss ? add(loss, share) : share;
    }
    this.#update(loss!);
  }

  /** Runs a step and records it */
  #capture(slot: BatchSlot): Capture {
    const { device } = this.#model;
    return device.capture(() => {
      using _scope = device.scope();
      this.#update(this.#backward(slot, 1));
    });
  }

  /** Writes a batch to the device */
  #write({ inputs, targets }: TrainingBatch): BatchSlot {
    const { device } = this.#model;
    const key = `${inputs.shape} ${targets.shape}`;
    let slot = this.#slots.get(key);
    if (!slot) {
      slot = { inputs: emptyLike(inputs, device), targets: emptyLike(targets, device) };
      this.#slots.set(key, slot);
    }
    slot.inputs.write(inputs.data);
    slot.targets.write(targets.data);
    return slot;
  }

  /** Adds the gradients of the batch, scaled; returns its scaled loss, without history */
  #backward({ inputs, targets }: BatchSlot, scale: number): Tensor {
    const mean = this.#options.loss(inputs, targets);
    const loss = scale === 1 ? mean : mul(mean, scale);
    const { scaler } = this.#options;
    if (scaler) scaler.backward(loss);
    else backward(loss);
    return loss.detach();
  }

  /** Clips the gradients, changes the parameters, and records what the step gave */
  #update(loss: Tensor): void {
    const { clipNorm: maxNorm = 1, scaler, ring } = this.#options;
    const options = { maxNorm, scaler, record: { ring, loss } };
    const { factor: gradientScale } = measureGradients(this.#model.parameters(), options);
    this.#optimizer.apply({ gradientScale });
    this.#optimizer.zeroGrad();
  }

  dispose(): void {
    for (const { inputs, targets, graph } of this.#slots.values()) {
      inputs.dispose();
      targets.dispose();
      graph?.dispose();
    }
  }
}

function emptyLike({ shape }: IntegerArray, device: Device): Tensor {
  return device.scopes.outside(() => device.empty(shape, { dtype: "i32" }));
}
