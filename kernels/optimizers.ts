/**
 * Optimizer steps, in place. Everything that changes from step to step comes from a small buffer,
 * so that a captured step stays right. A factor of 0 for the gradients leaves everything as it is.
 *
 * @module
 */

import {
  ENTRY_PARAMETERS,
  foldWorkgroups,
  type Kernel,
  Params,
  storageBuffers,
  workgroupIndex,
} from "./kernel.ts";

/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2) as PyTorch computes it. A row of `hyper` holds:
 * learning rate / (1 - beta1^t), 1 / sqrt(1 - beta2^t), 1 - learning rate · weight decay, beta1,
 * beta2, eps, 1 - beta1, 1 - beta2. `clip` holds a factor for the gradient. Bindings: gradient,
 * hyper, clip, parameter, first moment, second moment
 */
export function adamwKernel(count: number, parts: readonly OptimizerPart[]): Kernel {
  return optimizerKernel("adamw", count, {
    parts,
    state: ["first", "second"],
    hyper: ["rate", "root_correction", "decay", "beta1", "beta2", "eps", "rest1", "rest2"],
    body: /* wgsl */ `
    let g = gradient[i] * factor;
    let m0 = first[i];
    let m = m0 + (g - m0) * rest1;
    let v = second[i] * beta2 + g * g * rest2;
    first[i] = m;
    second[i] = v;
    parameter[i] = parameter[i] * decay - rate * m / (sqrt(v) * root_correction + eps);`,
  });
}

/**
 * Stochastic gradient descent with momentum as PyTorch computes it. A row of `hyper` holds: learning
 * rate, momentum, 1 - dampening (1 in the first step), weight decay, 1 where Nesterov. Bindings:
 * gradient, hyper, clip, parameter, velocity
 */
export function sgdKernel(count: number, parts: readonly OptimizerPart[]): Kernel {
  return optimizerKernel("sgd", count, {
    parts,
    state: ["velocity"],
    hyper: ["rate", "momentum", "undamped", "decay", "nesterov"],
    body: /* wgsl */ `
    let p = parameter[i];
    let g = gradient[i] * factor + p * decay;
    let u = velocity[i] * momentum + g * undamped;
    velocity[i] = u;
    parameter[i] = p - rate * select(u, g + u * momentum, nesterov > 0.0);`,
  });
}

/** A stretch of parameters with options of their own; it ends where the next begins */
export interface OptimizerPart {
  /** Number of its first element; a multiple of 4 unless it is the only part */
  readonly start: number;
  /** Which row of `hyper` holds its numbers of the step */
  readonly row: number;
}

/** Numbers in a row of `hyper`: two vectors */
export const HYPER_SIZE = 8;

/** Vectors that one invocation works on: it reads the numbers of the step once for all of them */
const EACH = 4;

/** Invocations of a workgroup */
const SIZE = 64;

function optimizerKernel(
  name: string,
  count: number,
  options: {
    parts: readonly OptimizerPart[];
    state: readonly string[];
    hyper: readonly string[];
    body: string;
  },
): Kernel {
  const { parts, state, hyper, body } = options;
  const inputs = ["gradient", "hyper", "clip"], outputs = ["parameter", ...state];
  const width = count % 4 === 0 ? 4 : 1;
  // A workgroup belongs to one part. In a vector for each part: first workgroup, first vector, end,
  // and where its numbers are.
  const params = new Params();
  let workgroups = 0;
  for (const [i, { start, row }] of parts.entries()) {
    const first = start / width, end = (parts[i + 1]?.start ?? count) / width;
    params.u32(workgroups, first, end, row * HYPER_SIZE / 4);
    workgroups += Math.ceil((end - first) / (EACH * SIZE));
  }
  const buffer = (name: string) => ({
    name,
    type: name === "clip" || (name !== "hyper" && width === 1) ? "f32" : "vec4f",
  });
  const numbers = hyper.map((value, i) => `let ${value} = hyper${i >> 2}.${"xyzw"[i & 3]};`);
  return {
    name,
    code: /* wgsl */ `
${storageBuffers(inputs.map(buffer), outputs.map(buffer))}
${Params.declare(inputs.length + outputs.length, params.length)}
@compute @workgroup_size(${SIZE})
fn main(${ENTRY_PARAMETERS}) {
  let factor = clip[0];
  if (factor == 0.0) { return; }
  let workgroup = ${workgroupIndex};
  var part = params[0];
  ${parts.slice(1).map((_, i) => goOnTo(i + 1)).join("\n  ")}
  let hyper0 = hyper[part.w];
  let hyper1 = hyper[part.w + 1u];
  ${numbers.join(" ")}
  let first_vector = part.y + (workgroup - part.x) * ${EACH * SIZE}u + lid.x;
  for (var turn = 0u; turn < ${EACH}u; turn++) {
    let i = first_vector + turn * ${SIZE}u;
    if (i >= part.z) { return; }${body}
  }
}`,
    workgroups: foldWorkgroups(workgroups),
    params: params.pack(),
  };
}

/** WGSL that goes on to part `i` in the workgroups from its first one on */
function goOnTo(i: number): string {
  return `part = select(part, params[${i}], workgroup >= params[${i}].x);`;
}
