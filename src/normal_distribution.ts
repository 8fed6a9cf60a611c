/**
 * The normal distribution's quantile and cumulative probability.
 *
 * ECMAScript leaves the last bits of `Math.log` and `Math.exp` to the engine. Everything here uses
 * only `+ - * /` and `Math.sqrt`, which IEEE 754 fixes to the last bit, so that a seed gives the
 * same normals in every browser and on every processor.
 *
 * @module
 */

const LN_2 = 0.6931471805599453;
const SQRT_2_PI = 2.5066282746310002;

/** Value of the polynomial with the given coefficients, highest power first (Horner's scheme). */
function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let i = 0; i < coefficients.length; i++) value = value * x + coefficients[i]!;
  return value;
}

/** 2/19, 2/17, … 2: the series of ln((1 + s) / (1 - s)) / s in s². */
const LOG_SERIES: readonly number[] = Array.from({ length: 11 }, (_, i) => 2 / (21 - 2 * i));

/** Natural logarithm of a positive number not above 1. */
function portableLog(x: number): number {
  let exponent = 0;
  while (x < Math.SQRT1_2) {
    x *= 2;
    exponent--;
  }
  const s = (x - 1) / (x + 1); // |s| ≤ 0.172
  return exponent * LN_2 + s * polynomial(LOG_SERIES, s * s);
}

/** e to a power that is not positive. */
function portableExp(x: number): number {
  if (x < -745) return 0;
  const halvings = Math.round(-x / LN_2);
  const rest = x + halvings * LN_2; // |rest| ≤ 0.35
  let value = 1;
  for (let i = 16; i > 0; i--) value = 1 + (value * rest) / i;
  for (let i = 0; i < halvings; i++) value *= 0.5;
  return value;
}

/**
 * Probability that a standard normal variable is below `x`, to about 12 digits, also far in
 * the lower tail.
 *
 * Series of Marsaglia, "Evaluating the Normal Distribution" (2004), near zero; Laplace's continued
 * fraction in the tails.
 */
export function normalCumulative(x: number): number {
  const density = portableExp(-0.5 * x * x) / SQRT_2_PI;
  if (Math.abs(x) < 3) {
    let term = x;
    let sum = x;
    for (let i = 3; Math.abs(term) > 1e-18; i += 2) {
      term *= (x * x) / i;
      sum += term;
    }
    return 0.5 + sum * density;
  }
  const distance = Math.abs(x);
  if (distance > 38.6) return x < 0 ? 0 : 1;
  let fraction = distance;
  for (let i = 100; i > 0; i--) fraction = distance + i / fraction;
  return x < 0 ? density / fraction : 1 - density / fraction;
}

// Coefficients of Wichura's PPND16, highest power first.
// deno-fmt-ignore
const CENTRE_TOP = [
  2509.0809287301227, 33430.575583588128, 67265.7709270087, 45921.953931549871,
  13731.693765509461, 1971.5909503065514, 133.14166789178438, 3.3871328727963666,
];
// deno-fmt-ignore
const CENTRE_BOTTOM = [
  5226.4952788528546, 28729.085735721943, 39307.895800092711, 21213.794301586596,
  5394.1960214247511, 687.18700749205791, 42.313330701600911, 1,
];
// deno-fmt-ignore
const MIDDLE_TOP = [
  7.7454501427834141e-4, 0.022723844989269185, 0.24178072517745061, 1.2704582524523684,
  3.6478483247632046, 5.7694972214606914, 4.6303378461565453, 1.4234371107496836,
];
// deno-fmt-ignore
const MIDDLE_BOTTOM = [
  1.0507500716444168e-9, 5.4759380849953449e-4, 0.015198666563616457, 0.14810397642748008,
  0.689767334985, 1.6763848301838038, 2.0531916266377588, 1,
];
// deno-fmt-ignore
const TAIL_TOP = [
  2.0103343992922881e-7, 2.7115555687434876e-5, 1.2426609473880784e-3, 0.026532189526576123,
  0.29656057182850489, 1.7848265399172913, 5.4637849111641144, 6.6579046435011038,
];
// deno-fmt-ignore
const TAIL_BOTTOM = [
  2.0442631033899398e-15, 1.4215117583164459e-7, 1.8463183175100547e-5, 7.8686913114561326e-4,
  0.014875361290850615, 0.13692988092273581, 0.59983220655588794, 1,
];

/**
 * The value that a standard normal variable is below with the given probability, to about 15
 * digits; infinite at 0 and 1.
 *
 * Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied
 * Statistics 37 (1988).
 */
export function normalQuantile(probability: number): number {
  const q = probability - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(CENTRE_TOP, r)) / polynomial(CENTRE_BOTTOM, r);
  }
  const tail = q < 0 ? probability : 1 - probability;
  if (tail <= 0) return q < 0 ? -Infinity : Infinity;
  const r = Math.sqrt(-portableLog(tail));
  const distance = r <= 5
    ? polynomial(MIDDLE_TOP, r - 1.6) / polynomial(MIDDLE_BOTTOM, r - 1.6)
    : polynomial(TAIL_TOP, r - 5) / polynomial(TAIL_BOTTOM, r - 5);
  return q < 0 ? -distance : distance;
}
