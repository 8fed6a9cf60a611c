/**
 * Activation functions, element by element.
 *
 * @module
 */

import type { Tensor } from "../tensor.ts";
import { apply } from "./pointwise.ts";

/** Hyperbolic tangent */
export function tanh(x: Tensor): Tensor {
  return apply("tanh", x);
}

/** `1 / (1 + exp(-x))`, without overflow */
export function sigmoid(x: Tensor): Tensor {
  return apply("sigmoid", x);
}

/** `max(x, 0)`; the gradient at 0 is 0, and NaN stays NaN */
export function relu(x: Tensor): Tensor {
  return apply("relu", x);
}

/** Sigmoid linear unit, `x · sigmoid(x)` (Elfwing et al. 2017; Hendrycks and Gimpel 2016) */
export function silu(x: Tensor): Tensor {
  return apply("silu", x);
}

/**
 * Gaussian error linear unit (Hendrycks and Gimpel 2016): `x · Φ(x)`, with the exact error function
 * or with GPT-2's approximation by tanh.
 */
export function gelu(x: Tensor, options: { approximate?: "none" | "tanh" } = {}): Tensor {
  return apply(options.approximate === "tanh" ? "geluTanh" : "geluErf", x);
}

/**
 * The gate of SwiGLU (Shazeer 2020): `silu(gate) · up`, in one kernel. With the linear maps around
 * it, the layer is `w2(swiglu(w1(x), w3(x)))`.
 */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  return apply("siluMul", gate, up);
}
