/**
 * TensorFlow.js on one of its backends. The package `tfjs` is taken rather than `tfjs-core`, whose
 * build for Node and Deno leaves all gradients out. Its wasm backend has one thread only outside
 * browsers.
 */

import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import { type Integers, integers, type Numbers, numbers } from "./data.ts";
import { type Evidence, type Job, type Peer, pick, splitBatch, type WorkOf } from "./peer.ts";
import type { AdamSettings, Model, Parameters, Samples } from "./works.ts";

/** Names of the backends */
export type BackendName = "webgpu" | "wasm" | "cpu";

/** Tensors by name */
type Tensors = Record<string, tf.Tensor>;

/** What the WebGPU backend has for waiting; the other two compute at once */
interface WebGpuBackend {
  readonly queue: { onSubmittedWorkDone(): Promise<void> };
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/** Opens a backend */
export async function open(name: BackendName): Promise<Peer> {
  if (name === "webgpu") await import("npm:@tensorflow/tfjs-backend-webgpu@4.22.0");
  if (name === "wasm") await import("npm:@tensorflow/tfjs-backend-wasm@4.22.0");
  if (!await tf.setBackend(name)) throw new Error(`TensorFlow.js finds no ${name}`);
  await tf.ready();
  return {
    description: `TensorFlow.js 4.22.0, ${name}`,
    abilities: {
      matmul,
      step,
      attention,
      crossEntropy: crossEntropyAndGradient,
      norm,
      adam,
      embedding: lookupAndGradient,
      decode,
    },
  };
}

async function finish(): Promise<void> {
  if (tf.getBackend() !== "webgpu") return;
  const backend = tf.backend() as unknown as WebGpuBackend;
  // Submitting alone would drop an open pass with everything in it, and say nothing.
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.submitQueue();
  await backend.queue.onSubmittedWorkDone();
}

function upload(spec: Numbers): tf.Tensor {
  return tf.tensor(numbers(spec), [...spec.shape], "float32");
}

function uploadIntegers(spec: Integers): tf.Tensor {
  return tf.tensor(integers(spec), [...spec.shape], "int32");
}

/** The job of a function that computes tensors, which are freed after every call */
function job(samples: Samples, compute: () => Tensors): Job {
  const run = (): Tensors => tf.tidy(compute);
  return {
    async check() {
      const evidence: Evidence = {};
      const results = run();
      for (const [name, tensor] of Object.entries(results)) {
        evidence[name] = pick(await tensor.data(), samples[name]);
      }
      tf.dispose(results);
      return evidence;
    },
    call: () => tf.dispose(run()),
    finish,
  };
}

/** With the last two axes exchanged */
function transpose(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return tf.transpose(x, [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!]);
}

/** Matrix product; `bTransposed` has the second operand's last axes exchanged */
function multiply(a: tf.Tensor, b: tf.Tensor, bTransposed = false): tf.Tensor {
  if (tf.getBackend() !== "wasm") return tf.matMul(a, b, false, bTransposed);
  // The wasm backend multiplies transposed operands twenty times as slowly as others, and gradients
  // ask for them: transposing first is its best way.
  const product = tf.customGrad((...args) => {
    const [a, b, save] = args as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([a, b]);
    return {
      value: tf.matMul(a, b),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
        tf.matMul(dy, transpose(saved[1]!)),
        tf.matMul(transpose(saved[0]!), dy),
      ],
    };
  });
  return product(a, bTransposed ? transpose(b) : b);
}

function matmul(work: WorkOf<"matmul">): Job {
  const a = upload(work.a);
  const b = upload(work.b);
  const product = (): tf.Tensor => {
    if (work.form !== "tn") return multiply(a, b, work.form === "nt");
    return tf.getBackend() === "wasm" ? multiply(transpose(a), b) : tf.matMul(a, b, true);
  };
  return job(work.samples, () => ({ product: product() }));
}

/** The output of `f` and the gradients of its inputs from a gradient of the output */
function forwardAndBackward(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  dy: tf.Tensor,
): { output: tf.Tensor; gradients: tf.Tensor[] } {
  const { value, grads } = tf.valueAndGrads(f)(inputs, dy);
  return { output: value, gradients: grads };
}

/** 0 where a query may see a key, a large negative number elsewhere [T, T] */
function causalBias(T: number): tf.Tensor {
  const bias = new Float32Array(T * T);
  for (let t = 0; t < T; t++) bias.fill(-1e9, t * T + t + 1, (t + 1) * T);
  return tf.tensor2d(bias, [T, T]);
}

/** Queries, keys and values [B, H, T, D] */
function attend(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const scale = 1 / Math.sqrt(q.shape.at(-1)!);
  const scores = tf.mul(multiply(q, k, true), scale);
  return multiply(tf.softmax(bias ? tf.add(scores, bias) : scores), v);
}

function attention(work: WorkOf<"attention">): Job {
  const inputs = [work.q, work.k, work.v].map(upload);
  const dy = upload(work.dy);
  const bias = causalBias(work.q.shape.at(-2)!);
  return job(work.samples, () => {
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => attend(q, k, v, bias);
    const { output, gradients: [dq, dk, dv] } = forwardAndBackward(
      f as (...inputs: tf.Tensor[]) => tf.Tensor,
      inputs,
      dy,
    );
    return { output, dq: dq!, dk: dk!, dv: dv! };
  });
}

/** Mean cross-entropy of logits [rows, classes] */
function crossEntropy(logits: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  // Asked for floats directly, the wasm backend writes the bits of integers.
  const labels = tf.cast(tf.oneHot(targets, logits.shape.at(-1)!), "float32");
  return tf.losses.softmaxCrossEntropy(labels, logits) as tf.Scalar;
}

function crossEntropyAndGradient(work: WorkOf<"crossEntropy">): Job {
  const logits = upload(work.logits);
  const targets = uploadIntegers(work.targets);
  return job(work.samples, () => {
    const f = (logits: tf.Tensor) => crossEntropy(logits, targets);
    const { value, grad } = tf.valueAndGrad(f)(logits);
    return { loss: value, gradient: grad };
  });
}

const EPS = 1e-5;

function rmsNorm(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  const meanSquare = tf.mean(tf.square(x), -1, true);
  return tf.mul(tf.mul(x, tf.rsqrt(tf.add(meanSquare, EPS))), weight);
}

function layerNorm(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  return tf.add(rmsNorm(centred, weight), bias);
}

function norm(work: WorkOf<"norm">): Job {
  const isLayer = work.norm === "layer";
  const inputs = [work.x, work.weight, ...(isLayer ? [work.bias] : [])].map(upload);
  const dy = upload(work.dy);
  const f = (isLayer ? layerNorm : rmsNorm) as (...inputs: tf.Tensor[]) => tf.Tensor;
  return job(work.samples, () => {
    const { output, gradients: [dx, dWeight, dBias] } = forwardAndBackward(f, inputs, dy);
    return { output, dx: dx!, dWeight: dWeight!, ...(dBias ? { dBias } : {}) };
  });
}

/** Rows of a table [V, D] by their numbers [N] */
function lookup(table: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  if (tf.getBackend() !== "wasm") return tf.gather(table, ids as tf.Tensor1D);
  // The wasm backend lacks the kernel for the gradient of gather, but it can scatter.
  const places = tf.expandDims(ids, -1);
  const rows = tf.customGrad((table) => ({
    value: tf.gather(table as tf.Tensor, ids as tf.Tensor1D),
    gradFunc: (dy: tf.Tensor) =>
      tf.scatterND(places, dy, table instanceof tf.Tensor ? table.shape : []),
  }));
  return rows(table);
}

function lookupAndGradient(work: WorkOf<"embedding">): Job {
  const weight = upload(work.weight);
  const ids = uploadIntegers(work.ids);
  const dy = upload(work.dy);
  return job(work.samples, () => {
    const f = (...[table]: tf.Tensor[]) => lookup(table!, ids);
    const { output, gradients } = forwardAndBackward(f, [weight], dy);
    return { rows: output, gradient: gradients[0]! };
  });
}

/** Variables by name, with the library's Adam and, before it, the decoupled decay of AdamW */
class Training {
  readonly variables: Record<string, tf.Variable> = {};
  readonly #adam: tf.AdamOptimizer;
  readonly #decay: number;

  constructor(parameters: Parameters, settings: AdamSettings) {
    const { lr, beta1, beta2, eps, weightDecay } = settings;
    for (const [name, spec] of Object.entries(parameters)) {
      const initial = upload(spec);
      this.variables[name] = tf.variable(initial, true, name);
      initial.dispose();
    }
    this.#adam = tf.train.adam(lr, beta1, beta2, eps);
    this.#decay = 1 - lr * weightDecay;
  }

  /** Changes all variables */
  step(gradients: tf.NamedTensorMap): void {
    tf.tidy(() => {
      for (const variable of Object.values(this.variables)) {
        variable.assign(tf.mul(variable, this.#decay));
      }
    });
    this.#adam.applyGradients(
      Object.entries(gradients).map(([name, tensor]) => ({ name, tensor })),
    );
  }
}

function adam(work: WorkOf<"adam">): Job {
  const training = new Training(work.parameters, work.adam);
  const gradients = Object.fromEntries(
    Object.entries(work.gradients).map(([name, spec]) => [name, upload(spec)]),
  );
  return {
    async check() {
      for (let i = 0; i < work.steps; i++) training.step(gradients);
      const evidence: Evidence = {};
      for (const [name, variable] of Object.entries(training.variables)) {
        evidence[name] = pick(await variable.data(), work.samples[name]);
      }
      return evidence;
    },
    call: () => training.step(gradients),
    finish,
  };
}

/** What does not change while a model is trained or run */
interface Constants {
  /** Added to the scores of a whole context */
  readonly bias: tf.Tensor;
  /** Of the angles of all pairs of all heads [contextLength, H · D / 2] */
  readonly cos: tf.Tensor;
  readonly sin: tf.Tensor;
}

function constantsOf(model: Model): Constants {
  const { contextLength, nHeads, dHead } = model;
  const pairs = nHeads * dHead / 2;
  const angles = Float64Array.from({ length: contextLength * pairs }, (_, i) => {
    const pair = i % pairs % (dHead / 2);
    return Math.floor(i / pairs) * 1e4 ** (-2 * pair / dHead);
  });
  const table = (f: (x: number) => number) =>
    tf.tensor2d(Float32Array.from(angles, f), [contextLength, pairs]);
  return { bias: causalBias(contextLength), cos: table(Math.cos), sin: table(Math.sin) };
}

/** x Wᵀ + b of rows [N, in] */
function linear(x: tf.Tensor, parameters: Tensors, name: string): tf.Tensor {
  const product = multiply(x, parameters[`${name}.weight`]!, true);
  const bias = parameters[`${name}.bias`];
  return bias ? tf.add(product, bias) : product;
}

function normalise(x: tf.Tensor, parameters: Tensors, name: string): tf.Tensor {
  const weight = parameters[`${name}.weight`]!;
  const bias = parameters[`${name}.bias`];
  return bias ? layerNorm(x, weight, bias) : rmsNorm(x, weight);
}

/** Keys and values [1, H, S, D] of each layer */
type Cache = { k?: tf.Tensor; v?: tf.Tensor }[];

/** Logits [B · T, V] of tokens [B · T] whose first position is `start` */
function forward(
  model: Model,
  constants: Constants,
  parameters: Tensors,
  tokens: tf.Tensor,
  { B, T, start = 0, cache }: { B: number; T: number; start?: number; cache?: Cache },
): tf.Tensor {
  const { nHeads, dHead, nLayers, dModel } = model;
  const inner = nHeads * dHead;
  const part = (table: tf.Tensor) => tf.slice(table, [start, 0], [T, inner / 2]);
  const turned = model.position === "rope";
  const cos = turned ? part(constants.cos) : undefined;
  const sin = turned ? part(constants.sin) : undefined;
  const bias = T > 1 ? tf.slice(constants.bias, [0, 0], [T, T]) : undefined;

  const heads = (x: tf.Tensor) => tf.transpose(tf.reshape(x, [B, T, nHeads, dHead]), [0, 2, 1, 3]);
  const rotate = (x: tf.Tensor): tf.Tensor => {
    if (!cos || !sin) return x;
    const pairs = tf.reshape(x, [B, T, inner / 2, 2]);
    const [even, odd] = tf.unstack(pairs, -1) as [tf.Tensor, tf.Tensor];
    return tf.stack([
      tf.sub(tf.mul(even, cos), tf.mul(odd, sin)),
      tf.add(tf.mul(even, sin), tf.mul(odd, cos)),
    ], -1);
  };

  let x = lookup(parameters["token_embeddings.weight"]!, tokens); // [B · T, C]
  if (model.position === "learned") {
    const sum = tf.add(tf.reshape(x, [B, T, dModel]), parameters["position_embeddings.weight"]!);
    x = tf.reshape(sum, [B * T, dModel]);
  }
  for (let layer = 0; layer < nLayers; layer++) {
    const name = `layers.${layer}`;
    const h = normalise(x, parameters, `${name}.ln1`);
    const q = heads(rotate(linear(h, parameters, `${name}.attn.q_proj`)));
    let k = heads(rotate(linear(h, parameters, `${name}.attn.k_proj`)));
    let v = heads(linear(h, parameters, `${name}.attn.v_proj`));
    const held = cache?.[layer];
    if (held) {
      if (held.k && held.v) [k, v] = [tf.concat([held.k, k], 2), tf.concat([held.v, v], 2)];
      [held.k, held.v] = [k, v];
    }
    const z = tf.reshape(tf.transpose(attend(q, k, v, bias), [0, 2, 1, 3]), [B * T, inner]);
    x = tf.add(x, linear(z, parameters, `${name}.attn.output_proj`));

    const f = normalise(x, parameters, `${name}.ln2`);
    const gate = linear(f, parameters, `${name}.ffn.w1`);
    const activated = model.ffn === "swiglu"
      ? tf.mul(tf.mul(gate, tf.sigmoid(gate)), linear(f, parameters, `${name}.ffn.w3`))
      : tf.relu(gate);
    x = tf.add(x, linear(activated, parameters, `${name}.ffn.w2`));
  }
  return linear(normalise(x, parameters, "ln_final"), parameters, "lm_head");
}

function step(work: WorkOf<"step">): Job {
  const { model } = work;
  const [batches = 1, B = 1, length = 1] = work.tokens.shape;
  const T = length - 1;
  const all = integers(work.tokens);
  const constants = constantsOf(model);
  const training = new Training(work.parameters, work.adam);
  let count = 0;

  const run = (): tf.Tensor =>
    tf.tidy(() => {
      const batch = splitBatch(all, work.tokens.shape, count++ % batches);
      const inputs = tf.tensor1d(batch.inputs, "int32");
      const targets = tf.tensor1d(batch.targets, "int32");
      const { value, grads } = tf.variableGrads(() =>
        crossEntropy(forward(model, constants, training.variables, inputs, { B, T }), targets)
      );
      training.step(grads);
      return value;
    });
  return {
    async check() {
      const losses: number[] = [];
      for (let i = 0; i < work.steps; i++) {
        const loss = run();
        losses.push((await loss.data())[0]!);
        loss.dispose();
      }
      return { losses };
    },
    call: () => run().dispose(),
    finish,
  };
}

function decode(work: WorkOf<"decode">): Job {
  const { model } = work;
  const constants = constantsOf(model);
  const parameters: Tensors = Object.fromEntries(
    Object.entries(work.parameters).map(([name, spec]) => [name, upload(spec)]),
  );
  const prompt = uploadIntegers({ ...work.prompt, shape: [work.prompt.shape[1]!] });

  /** One tensor [1] for each token */
  const generate = (): tf.Tensor[] => {
    const tokens: tf.Tensor[] = [];
    let cache: Cache = Array.from({ length: model.nLayers }, () => ({}));
    let next: tf.Tensor = prompt;
    let start = 0;
    for (let i = 0; i < work.tokens; i++) {
      const T = next.shape[0]!;
      const old = cache;
      const result = tf.tidy(() => {
        const filled = old.map((held) => ({ ...held }));
        const logits = forward(model, constants, parameters, next, {
          B: 1,
          T,
          start,
          cache: filled,
        });
        const last = tf.slice(logits, [T - 1, 0], [1, model.vocabSize]);
        return { token: tf.argMax(last, -1), cache: filled as Tensors[] };
      });
      tf.dispose(old as Tensors[]);
      tokens.push(result.token);
      start += T;
      next = result.token;
      cache = result.cache;
    }
    tf.dispose(cache as Tensors[]);
    return tokens;
  };
  const run = async (): Promise<number[]> => {
    const tokens = generate();
    const values = await Promise.all(tokens.map(async (token) => (await token.data())[0]!));
    tf.dispose(tokens);
    return values;
  };
  return {
    check: async () => ({ tokens: await run() }),
    async call() {
      await run();
    },
    finish: () => Promise.resolve(),
  };
}
