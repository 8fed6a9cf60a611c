/**
 * RMSNorm and LayerNorm along rows, forward and backward. Both keep per row what `backward()` needs:
 * the reciprocal deviation `r`, and LayerNorm also the mean.
 *
 * RMSNorm (Zhang and Sennrich 2019): `y = x · r · w` with `r = 1 / sqrt(mean(x²) + eps)`.
 * LayerNorm (Ba et al. 2016): `y = (x - m) · r · w + b` with `r = 1 / sqrt(var(x) + eps)`.
 *
 * @module
 */

import {
  type AdapterTraits,
  coverWith,
  ENTRY_PARAMETERS,
  type Kernel,
  Params,
  storageBuffers,
  workgroupIndex,
} from "./kernel.ts";
import { forEach, type RowBuffer, rowKernel } from "./rows.ts";
import type { RowsShape } from "./softmax.ts";

/** Which norm, and what it multiplies with and adds */
export interface NormKind {
  readonly centred: boolean;
  readonly weight: boolean;
  readonly bias: boolean;
}

const rows = (...names: string[]): RowBuffer[] => names.map((name) => ({ name, type: "row" }));
const floats = (...names: string[]): RowBuffer[] => names.map((name) => ({ name, type: "f32" }));

/** Bindings: x, weight?, bias?, y, r, mean? */
export function normKernel(
  shape: RowsShape,
  kind: NormKind,
  eps: number,
  traits: AdapterTraits,
): Kernel {
  const { centred, weight, bias } = kind;
  const centre = centred ? "(x[i] - m)" : "x[i]";
  return rowKernel({
    name: centred ? "layer_norm" : "rms_norm",
    ...shape,
    inputs: rows("x", ...(weight ? ["weight"] : []), ...(bias ? ["bias"] : [])),
    outputs: [...rows("y"), ...floats("r_out", ...(centred ? ["mean_out"] : []))],
    scalars: [eps, 1 / shape.length],
    body: /* wgsl */ `
  ${
      centred
        ? `var lane_total = 0.0;
  ${forEach("lane_total += total(x[i]);")}
  let sum = row_sum(lane_total);
  let m = sum * scalar(1);`
        : ""
    }
  var lane_squares = 0.0;
  ${forEach(`let d = ${centre}; lane_squares += total(d * d);`)}
  let squares = row_sum(lane_squares);
  let r = inverseSqrt(squares * scalar(1) + scalar(0));
  ${
      forEach(
        `y[i] = ${centre} * r${weight ? " * weight[i - first]" : ""}${
          bias ? " + bias[i - first]" : ""
        };`,
      )
    }
  if (lane == 0u) { r_out[row] = r; ${centred ? "mean_out[row] = m;" : ""} }`,
  }, traits);
}

/**
 * Gradient of x. With `h = g · w` and `n` the normalised row: RMSNorm `r (h - n mean(h n))`,
 * LayerNorm `r (h - mean(h) - n mean(h n))`; where `add` is set, it is added to what is there.
 * Bindings: g, x, weight?, r, mean?, gradient of x
 */
export function normGradientKernel(
  shape: RowsShape,
  kind: NormKind & { readonly add: boolean },
  traits: AdapterTraits,
): Kernel {
  const { centred, weight, add } = kind;
  const h = `(g[i]${weight ? " * weight[i - first]" : ""})`;
  const n = centred ? "((x[i] - mean_in[row]) * r)" : "(x[i] * r)";
  return rowKernel({
    name: centred ? "layer_norm_gradient" : "rms_norm_gradient",
    ...shape,
    inputs: [
      ...rows("g", "x", ...(weight ? ["weight"] : [])),
      ...floats("r_in", ...(centred ? ["mean_in"] : [])),
    ],
    outputs: rows("result"),
    scalars: [1 / shape.length],
    body: /* wgsl */ `
  let r = r_in[row];
  var lane_h = 0.0;
  var lane_hn = 0.0;
  ${forEach(`let h = ${h}; ${centred ? "lane_h += total(h);" : ""} lane_hn += total(h * ${n});`)}
  let hn = row_sum(lane_hn);
  ${centred ? "let sum_h = row_sum(lane_h);" : ""}
  let mean_hn = hn * scalar(0);
  ${centred ? "let mean_h = sum_h * scalar(0);" : ""}
  ${
      forEach(
        `result[i] ${add ? "+=" : "="} r * (${h}${centred ? " - mean_h" : ""} - ${n} * mean_hn);`,
      )
    }`,
  }, traits);
}

/** Rows that one invocation adds up for the gradient of the weight */
export const WEIGHT_GRADIENT_ROWS = 64;

/**
 * Gradients of weight and bias, added up over blocks of rows: `Σ g · n` and `Σ g`. The blocks are
 * then summed by an ordinary reduction. Bindings: g, x, r, mean?, partial weight gradient
 * [blocks, length], partial bias gradient?
 */
export function normWeightGradientKernel(shape: RowsShape, kind: NormKind): Kernel {
  const { centred, bias } = kind;
  const { rows: rowCount, length } = shape;
  const wide = length % 4 === 0;
  const type = wide ? "vec4f" : "f32";
  const columns = wide ? length / 4 : length;
  const blocks = Math.ceil(rowCount / WEIGHT_GRADIENT_ROWS);
  const inputs = ["g", "x", "r_in", ...(centred ? ["mean_in"] : [])];
  const outputs = ["weight_gradient", ...(bias ? ["bias_gradient"] : [])];
  const params = new Params();
  params.u32(columns * blocks, columns, rowCount);
  const size = 64;
  const buffer = (name: string) => ({ name, type: name.endsWith("_in") ? "f32" : type });
  return {
    name: centred ? "layer_norm_weight_gradient" : "rms_norm_weight_gradient",
    code: /* wgsl */ `
${storageBuffers(inputs.map(buffer), outputs.map(buffer))}
${Params.declare(inputs.length + outputs.length, 3)}
@compute @workgroup_size(${size})
fn main(${ENTRY_PARAMETERS}) {
  let i = ${workgroupIndex} * ${size}u + lid.x;
  if (i >= params[0].x) { return; }
  let columns = params[0].y;
  let block = i / columns;
  let column = i - block * columns;
  let end = min((block + 1u) * ${WEIGHT_GRADIENT_ROWS}u, params[0].z);
  var weight_sum = ${type}();
  ${bias ? `var bias_sum = ${type}();` : ""}
  for (var row = block * ${WEIGHT_GRADIENT_ROWS}u; row < end; row++) {
    let at = row * columns + column;
    let gradient = g[at];
    weight_sum += gradient * (x[at]${centred ? " - mean_in[row]" : ""}) * r_in[row];
    ${bias ? "bias_sum += gradient;" : ""}
  }
  weight_gradient[i] = weight_sum;
  ${bias ? "bias_gradient[i] = bias_sum;" : ""}
}`,
    workgroups: coverWith(size, columns * blocks),
    params: params.pack(),
  };
}
