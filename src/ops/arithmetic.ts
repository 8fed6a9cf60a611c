/**
 * Arithmetic, element by element. Operands broadcast as in NumPy; a number stands for a tensor full
 * of it. Integers stay integers under addition, subtraction, multiplication and negation.
 *
 * @module
 */

import type { Tensor } from "../tensor.ts";
import type { Operand } from "../tensor_methods.ts";
import { apply } from "./pointwise.ts";

/** `a + b` */
export function add(a: Operand, b: Operand): Tensor {
  return apply("add", a, b);
}

/** `a - b` */
export function sub(a: Operand, b: Operand): Tensor {
  return apply("sub", a, b);
}

/** `a · b`, element by element */
export function mul(a: Operand, b: Operand): Tensor {
  return apply("mul", a, b);
}

/** `a / b` */
export function div(a: Operand, b: Operand): Tensor {
  return apply("div", a, b);
}

/**
 * `a ** b`. Negative bases are fine where the exponent is whole and give NaN elsewhere; `0 ** 0`
 * is 1.
 */
export function pow(a: Operand, b: Operand): Tensor {
  return apply("pow", a, b);
}

/** The greater of two; at ties each gets half of the gradient. NaN wins */
export function maximum(a: Operand, b: Operand): Tensor {
  return apply("maximum", a, b);
}

/** The lesser of two; at ties each gets half of the gradient. NaN wins */
export function minimum(a: Operand, b: Operand): Tensor {
  return apply("minimum", a, b);
}

/**
 * Limits values to [low, high]; either bound may be left out. The gradient is 0 outside.
 *
 * @throws {RangeError} if `low` exceeds `high`
 */
export function clamp(x: Tensor, bounds: { low?: number; high?: number }): Tensor {
  const { low = -Infinity, high = Infinity } = bounds;
  if (low > high) throw new RangeError(`Cannot clamp to [${low}, ${high}]: low exceeds high`);
  return apply("clamp", x, low, high);
}

/** `-x` */
export function neg(x: Tensor): Tensor {
  return apply("neg", x);
}

/** `e ** x` */
export function exp(x: Tensor): Tensor {
  return apply("exp", x);
}

/** Natural logarithm; -∞ at 0, NaN below */
export function log(x: Tensor): Tensor {
  return apply("log", x);
}

/** Square root; NaN below 0 */
export function sqrt(x: Tensor): Tensor {
  return apply("sqrt", x);
}

/** `1 / sqrt(x)` */
export function rsqrt(x: Tensor): Tensor {
  return apply("rsqrt", x);
}

/** `x · x` */
export function square(x: Tensor): Tensor {
  return apply("square", x);
}

/** Absolute value; the gradient at 0 is 0 */
export function abs(x: Tensor): Tensor {
  return apply("abs", x);
}

/** Sine of radians */
export function sin(x: Tensor): Tensor {
  return apply("sin", x);
}

/** Cosine of radians */
export function cos(x: Tensor): Tensor {
  return apply("cos", x);
}
