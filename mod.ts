/**
 * Train small language models from scratch on WebGPU.
 *
 * @module
 */

import "./src/ops/methods.ts";

export { Device, requestDevice } from "./src/device.ts";
export { Tensor } from "./src/tensor.ts";
export { noGrad } from "./src/autograd.ts";
export { GpuError, NoAdapterError } from "./src/errors.ts";
export { Random } from "./src/random.ts";
export * from "./src/safetensors.ts";
export * from "./src/ops/activations.ts";
export * from "./src/ops/arithmetic.ts";
export * from "./src/ops/comparisons.ts";
export * from "./src/ops/matmul.ts";
export * from "./src/ops/reductions.ts";
export * from "./src/ops/softmax.ts";
export * from "./src/ops/views.ts";
export * from "./src/ops/losses.ts";
export * from "./src/ops/norms.ts";
export * from "./src/ops/rotary.ts";
export * from "./src/ops/dropout.ts";
export * from "./src/ops/indexing.ts";
export * from "./src/ops/joining.ts";
export * from "./src/ops/einsum.ts";
export * from "./src/nn/transformer_lm.ts";
export * from "./src/nn/config.ts";
export * from "./src/optim/adamw.ts";
export * from "./src/optim/sgd.ts";
export * from "./src/optim/clip.ts";
export * from "./src/optim/schedules.ts";
export * from "./src/train/train.ts";
export * from "./src/train/evaluate.ts";
export * from "./src/data/token_source.ts";
export * from "./src/tokenizer/char.ts";
