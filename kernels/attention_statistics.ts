/**
 * What the gradient kernels of attention want to know about each query: the log-sum-exp of its
 * scores, and Σ dO · O, which is the mean gradient of its weights.
 *
 * @module
 */

import { type AttentionShape, isAligned, type RowsOperand } from "./attention_shape.ts";
import { address } from "./indexing.ts";
import { coverWith, ENTRY_PARAMETERS, type Kernel, Params, workgroupIndex } from "./kernel.ts";

/** Invocations of a workgroup; each takes a query */
const SIZE = 64;

/** Bindings: gradient of the output, output, log-sum-exp, result [..., T, 2] */
export function attentionStatisticsKernel(
  shape: AttentionShape,
  operands: Record<"gradient" | "output", RowsOperand>,
): Kernel {
  const params = new Params();
  const word = (value: number) => Params.read(params.u32(value));
  const width = isAligned(shape, [operands.gradient, operands.output]) ? 4 : 1;
  const count = shape.batch.reduce((product, size) => product * size, shape.queries);
  const countWord = word(count), queries = word(shape.queries);
  const length = word(shape.headSize / width);
  const starts = (["gradient", "output"] as const).map((name) => {
    const { offset, row, batch } = operands[name];
    const axes = shape.batch.map((size, axis) => ({ size, stride: batch[axis]! / width }));
    return `${address(`${name}_batch`, "batch", axes, params)}
  let ${name}_at = ${name}_batch + ${word(offset / width)} + query * ${word(row / width)};`;
  });
  const type = width === 4 ? "vec4f" : "f32";
  const code = /* wgsl */ `
@group(0) @binding(0) var<storage, read> gradient: array<${type}>;
@group(0) @binding(1) var<storage, read> output: array<${type}>;
@group(0) @binding(2) var<storage, read> log_sum_exp: array<f32>;
@group(0) @binding(3) var<storage, read_write> statistics: array<vec2f>;
${Params.declare(4, params.length)}
@compute @workgroup_size(${SIZE})
fn main(${ENTRY_PARAMETERS}) {
  let i = ${workgroupIndex} * ${SIZE}u + lid.x;
  if (i >= ${countWord}) { return; }
  let batch = i / ${queries};
  let query = i % ${queries};
  ${starts.join("\n  ")}
  var sum = ${type}();
  for (var d = 0u; d < ${length}; d++) {
    sum += gradient[gradient_at + d] * output[output_at + d];
  }
  statistics[i] = vec2f(log_sum_exp[i], ${width === 4 ? "dot(sum, vec4f(1.0))" : "sum"});
}`;
  return {
    name: "attention_statistics",
    code,
    workgroups: coverWith(SIZE, count),
    params: params.pack(),
  };
}
