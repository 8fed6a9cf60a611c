/**
 * The feed-forward layer as one op: what happens between its linear maps is computed as their
 * products are stored, forward and backward.
 *
 * @module
 */

import { type Formula, FORMULAS, mentions } from "../../kernels/formulas.ts";
import { type GradientThunk, isRecording, record } from "../autograd.ts";
import { finishedMatmul, pairedMatmul } from "../launch/finished_matmul.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkLinear, checkShapes } from "./linear_checks.ts";
import { once } from "../launch/once.ts";
import { asRows, productUnder, shaped, turned, weightAndBiasGradients } from "./products.ts";

/** What happens between the linear maps; `gelu` is GPT-2's approximation by tanh */
export type Activation = "swiglu" | "silu" | "gelu" | "relu";

/** Weights [out, in] and biases [out] of {@link feedForward} */
export interface FeedForwardWeights {
  /** To the inner size */
  w1: Tensor;
  /** Added to what w1 gives */
  b1?: Tensor | undefined;
  /** To the outer size */
  w2: Tensor;
  /** Added to what w2 gives */
  b2?: Tensor | undefined;
  /** What the gate of SwiGLU multiplies */
  w3?: Tensor | undefined;
  /** Added to what w3 gives */
  b3?: Tensor | undefined;
}

/** What {@link feedForward} does besides multiplying */
export interface FeedForwardTerms {
  /** What happens between the linear maps */
  activation: Activation;
  /** Added to the result, of its shape */
  residual?: Tensor | undefined;
}

/** The op's row in the table of formulas: over `a`, what w1 gives, and `b`, what w3 gives */
const FORMULA = {
  swiglu: FORMULAS.siluMul,
  silu: FORMULAS.silu,
  gelu: FORMULAS.geluTanh,
  relu: FORMULAS.relu,
} as const satisfies Record<Activation, Formula>;

/**
 * `w2(activation(w1(x))) + residual`, or SwiGLU, `w2(silu(w1(x)) · w3(x)) + residual` (Shazeer
 * 2020), each map with its bias where there is one: x [..., in] → [..., out].
 *
 * @throws {TypeError} if shapes do not fit
 *
 * @example The same as its parts
 * ```ts
 * import { feedForward, linear, relu, requestDevice } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * using device = await requestDevice();
 * const x = device.randn([3, 4], { seed: 0 });
 * const w1 = device.randn([8, 4], { seed: 1 }), w2 = device.randn([4, 8], { seed: 2 });
 * const fused = feedForward(x, { w1, w2 }, { activation: "relu" });
 * assertEquals(await fused.data(), await linear(relu(linear(x, w1)), w2).data());
 * ```
 */
export function feedForward(
  x: Tensor,
  weights: FeedForwardWeights,
  options: FeedForwardTerms,
): Tensor {
  const { w1, b1, w2, b2, w3, b3 } = weights;
  const { residual } = options;
  const shape = checkWeights(x, weights, options);
  using rows = asRows(x);
  using stream = residual && asRows(residual);
  const { post, kept } = hidden(rows, weights, options.activation);
  using columns = turned(w2);
  const [product] = finishedMatmul(post, columns, {
    name: "feed_forward_out",
    columns: { bias: b2 },
    elements: { residual: stream },
    values: [sum("v", b2 && "bias", residual && "residual")],
  });
  const optional = { b1, w3, b3, b2, residual };
  const inputs = [x, w1, w2, ...Object.values(optional).filter((tensor) => tensor !== undefined)];
  const output = record(shaped(product!, shape), {
    name: "feedForward",
    inputs,
    saved: [rows, w1, w2, post, ...(w3 ? [w3] : []), ...Object.values(kept)],
    gradients(gradient, rows, w1, w2, post, ...rest) {
      const g = asRows(gradient);
      const gate = w3 && rest.shift();
      const operands = Object.fromEntries(Object.keys(kept).map((name, i) => [name, rest[i]]));
      // Gradients of what w1 and w3 gave, computed as the gradient of their result is stored.
      const parts = once(() =>
        finishedMatmul(g, w2!, {
          name: "feed_forward_gradient",
          elements: operands,
          values: gradientsOf(options.activation).map((value) => substitute(value, { g: "v" })),
        })
      );
      const [d1, d3] = [() => parts()[0]!, () => parts()[1]!];
      const first = weightAndBiasGradients(d1, rows!, b1);
      const second = weightAndBiasGradients(() => g, post!, b2);
      const third = weightAndBiasGradients(d3, rows!, b3);
      const rules: Record<keyof typeof optional, GradientThunk> = {
        b1: first.bias,
        w3: third.weight,
        b3: third.bias,
        b2: second.bias,
        residual: () => gradient,
      };
      return [
        (into) => {
          const target = productUnder(x.shape, { a: d1(), b: w1!, into });
          if (!gate) return target;
          return productUnder(x.shape, { a: d3(), b: gate, into: { target, add: true } });
        },
        first.weight,
        second.weight,
        ...Object.entries(rules).filter(([name]) => optional[name as keyof typeof optional])
          .map(([, rule]) => rule),
      ];
    },
  });
  for (const tensor of [post, ...Object.values(kept)]) tensor.dispose();
  return output;
}

/** What w2 multiplies, and what the gradients will need: operands of the formula by name */
function hidden(
  rows: Tensor,
  { w1, b1, w3, b3 }: FeedForwardWeights,
  activation: Activation,
): { post: Tensor; kept: Record<string, Tensor> } {
  const { value } = FORMULA[activation];
  const isKept = (name: string) =>
    isRecording() && gradientsOf(activation).some((gradient) => mentions(gradient, name));
  using columns = turned(w1);
  const first = sum("v", b1 && "bias");
  if (!w3) {
    const [post, pre] = finishedMatmul(rows, columns, {
      name: activation,
      columns: { bias: b1 },
      values: [substitute(value, { a: `(${first})` }), ...(isKept("a") ? [first] : [])],
    });
    return { post: post!, kept: pre ? { a: pre } : isKept("y") ? { y: post!.view() } : {} };
  }
  using upColumns = turned(w3);
  const a = sum("v", b1 && "bias1"), b = sum("w", b3 && "bias3");
  const pair = pairedMatmul(rows, [columns, upColumns], {
    name: activation,
    columns: { bias1: b1, bias3: b3 },
    values: [substitute(value, { a: `(${a})`, b: `(${b})` }), ...(isKept("b") ? [a, b] : [])],
  });
  if (pair) {
    const [post, gate, up] = pair;
    return { post: post!, kept: gate && up ? { a: gate, b: up } : {} };
  }
  const [gate] = finishedMatmul(rows, columns, {
    name: "gate",
    columns: { bias: b1 },
    values: [first],
  });
  const second = sum("v", b3 && "bias");
  const [post, up] = finishedMatmul(rows, upColumns, {
    name: activation,
    columns: { bias: b3 },
    elements: { a: gate },
    values: [substitute(value, { b: `(${second})` }), ...(isKept("b") ? [second] : [])],
  });
  if (up) return { post: post!, kept: { a: gate!, b: up } };
  gate!.dispose();
  return { post: post!, kept: {} };
}

function checkWeights(
  x: Tensor,
  { w1, b1, w2, b2, w3, b3 }: FeedForwardWeights,
  { activation, residual }: FeedForwardTerms,
): readonly number[] {
  if ((activation === "swiglu") !== (w3 !== undefined)) {
    throw new TypeError(
      `Cannot compute feedForward with ${activation}: ${
        w3 ? "w3 is for swiglu alone" : "it needs w3"
      }`,
    );
  }
  checkLinear("feedForward", x, w1, { bias: b1 });
  if (w3) checkLinear("feedForward", x, w3, { bias: b3 });
  const inner = w1.shape[0]!;
  if (w2.rank !== 2 || w2.shape[1] !== inner || (w3 && w3.shape[0] !== inner)) {
    throw new TypeError(
      `Cannot compute feedForward with w1 ${formatShape(w1.shape)}, w2 ${formatShape(w2.shape)}${
        w3 ? ` and w3 ${formatShape(w3.shape)}` : ""
      }: needs w2 [out, ${inner}]${w3 ? ` and w3 ${formatShape(w1.shape)}` : ""}`,
    );
  }
  const shape = [...x.shape.slice(0, -1), w2.shape[0]!];
  const subject = () => `feedForward of x ${formatShape(x.shape)}`;
  checkShapes(subject, [["b2", b2, shape.slice(-1)], ["residual", residual, shape]]);
  return shape;
}

/** The gradients of a formula, one for each operand */
function gradientsOf(activation: Activation): readonly string[] {
  return FORMULA[activation].gradients;
}

/** Replaces names in an expression */
function substitute(expression: string, names: Readonly<Record<string, string>>): string {
  return expression.replace(/\b[a-z]\b/g, (name) => names[name] ?? name);
}

/** An expression that adds up the terms that are there */
function sum(...terms: readonly (string | undefined | false)[]): string {
  return terms.filter(Boolean).join(" + ");
}
