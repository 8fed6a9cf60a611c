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
