/**
 * Scaled dot-product attention, `softmax(scale · Q Kᵀ) V`, forward and backward, without ever
 * storing the scores: Dao et al. 2022, "FlashAttention", arXiv:2205.14135, with the log-sum-exp of
 * each query's scores kept for the backward kernels. Gradients of queries and of keys and values
 * have kernels of their own, so that every result is summed by one lane in a fixed order.
 *
 * `attention_program.ts` explains how the tiles are laid out.
 *
 * @module
 */

import { AttentionProgram } from "./attention_program.ts";
import type { AttentionShape, RowsOperand } from "./attention_shape.ts";
import type { AdapterTraits, Kernel } from "./kernel.ts";

/** Stands for the maximum of no scores, and below it for a hidden score */
const NOTHING = "-1e38", HIDDEN = "-3e38";

/**
 * Bindings: q, k, v, mask where there is one, output, log-sum-exp of each query's scores.
 * A query that sees no key gives zeros.
 */
export function attentionKernel(
  shape: AttentionShape,
  operands: Record<"q" | "k" | "v" | "output", RowsOperand>,
  traits: AdapterTraits,
): Kernel {
  const { q, k, v, output } = operands;
  const program = new AttentionProgram(shape, {
    held: "queries",
    matrices: {
      q: { operand: q },
      k: { operand: k },
      v: { operand: v },
      output: { operand: output, output: true },
    },
    products: 2,
    traits,
  });
  program.bind("log_sum_exp", "f32", true);
  return program.kernel("attention", {
    before: `
  ${program.hold("q", "q")}
  ${program.zeros("o")}
  var peak = V(${NOTHING});
  var total = V();`,
    // Sums so far are relative to the highest score so far: they shrink whenever it rises.
    step: `
    ${program.stream("k", "v")}
    ${
      program.steps.map((j) => `
    ${program.dot(`s${j}`, j, "k", "q")}
    s${j} = select(V(${HIDDEN}), s${j} * ${program.scale}, ${program.visible(j)});`).join("")
    }
    let higher = max(peak, ${
      program.steps.map((j) => `s${j}`).reduce((a, b) => `max(${a}, ${b})`)
    });
    let shrink = exp(peak - higher);
    peak = higher;
    ${program.steps.map((j) => `let p${j} = exp(s${j} - higher);`).join(" ")}
    total = total * shrink + (${program.steps.map((j) => `p${j}`).join(" + ")});
    ${program.mix("o", "v", "p", " * shrink")}`,
    after: `
  let seen = peak > V(${NOTHING});
  let factor = select(V(), 1.0 / total, seen);
  let log_total = select(V(), peak + log(total), seen);
  ${program.store("output", "o", "factor")}
  ${program.storeScalar("log_sum_exp", "log_total")}`,
  });
}

/** What both gradient kernels read, in the order of their bindings */
export type AttentionGradientOperands = Record<"q" | "k" | "v" | "gradient", RowsOperand>;

/**
 * With weights P = exp(S - log-sum-exp) and dS = P ⊙ (dO Vᵀ - Σ dO · O), the gradient of the
 * queries is scale · dS K. Bindings: q, k, v, gradient of the output, mask where there is one,
 * statistics, result
 */
export function attentionQueryGradientKernel(
  shape: AttentionShape,
  operands: AttentionGradientOperands & Record<"result", RowsOperand>,
  traits: AdapterTraits,
): Kernel {
  const { q, k, v, gradient, result } = operands;
  const program = new AttentionProgram(shape, {
    held: "queries",
    matrices: {
      q: { operand: q },
      k: { operand: k },
      v: { operand: v },
      gradient: { operand: gradient },
      result: { operand: result, output: true },
    },
    products: 3,
    traits,
  });
  program.bind("statistics", "vec2f");
  return program.kernel("attention_query_gradient", {
    before: `
  ${program.hold("q", "q")}
  ${program.hold("gradient", "g")}
  ${program.zeros("dq")}
  let log_total = ${program.heldScalar("statistics", "x")};
  let mean = ${program.heldScalar("statistics", "y")};`,
    step: `
    ${program.stream("k", "v")}
    ${
      program.steps.map((j) => `
    ${program.dot(`s${j}`, j, "k", "q")}
    ${program.dot(`dp${j}`, j, "v", "g")}
    let p${j} = select(V(), exp(s${j} * ${program.scale} - log_total), ${program.visible(j)});
    let ds${j} = p${j} * (dp${j} - mean);`).join("")
    }
    ${program.mix("dq", "k", "ds")}`,
    after: `
  let factor = V(${program.scale});
  ${program.store("result", "dq", "factor")}`,
  });
}

/**
 * With P and dS as above, the gradient of the values is Pᵀ dO and that of the keys scale · dSᵀ Q.
 * Bindings: q, k, v, gradient of the output, mask where there is one, statistics, gradient of the
 * keys, gradient of the values
 */
export function attentionKeyValueGradientKernel(
  shape: AttentionShape,
  operands: AttentionGradientOperands & Record<"dk" | "dv", RowsOperand>,
  traits: AdapterTraits,
): Kernel {
  const { q, k, v, gradient, dk, dv } = operands;
  const program = new AttentionProgram(shape, {
    held: "keys",
    matrices: {
      q: { operand: q },
      k: { operand: k },
      v: { operand: v },
      gradient: { operand: gradient },
      dk_out: { operand: dk, output: true },
      dv_out: { operand: dv, output: true },
    },
    products: 4,
    traits,
  });
  program.bind("statistics", "vec2f");
  return program.kernel("attention_key_value_gradient", {
    before: `
  ${program.hold("k", "k")}
  ${program.hold("v", "v")}
  ${program.zeros("dk")}
  ${program.zeros("dv")}`,
    step: `
    ${program.stream("q", "gradient")}
    ${program.streamScalars("stat", "statistics")}
    ${
      program.steps.map((j) => `
    ${program.dot(`s${j}`, j, "q", "k")}
    ${program.dot(`dp${j}`, j, "gradient", "v")}
    let p${j} = select(V(), exp(s${j} * ${program.scale} - stat${j}.x), ${program.visible(j)});
    let ds${j} = p${j} * (dp${j} - stat${j}.y);`).join("")
    }
    ${program.mix("dv", "gradient", "p")}
    ${program.mix("dk", "q", "ds")}`,
    after: `
  let one = V(1.0);
  let factor = V(${program.scale});
  ${program.store("dk_out", "dk", "factor")}
  ${program.store("dv_out", "dv", "one")}`,
  });
}
