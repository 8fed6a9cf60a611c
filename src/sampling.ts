/**
 * From logits to a token: temperature, top-k, top-p, and the dice.
 *
 * @module
 */

/** How tokens are drawn */
export interface SamplingOptions {
  /** Logits are divided by it; 1. At 0 the likeliest token is taken */
  temperature?: number;
  /** Draws among so many of the likeliest tokens only; all */
  topK?: number;
  /** Draws among the likeliest tokens that together reach this probability only; 1 */
  topP?: number;
}

/** A token with its probability under the model, before temperature, top-k and top-p */
export interface TokenProbability {
  /** Number of the token */
  token: number;
  /** From 0 to 1 */
  probability: number;
}

/**
 * Checks the options.
 *
 * @throws {RangeError} if one is out of range
 */
export function checkSampling({ temperature = 1, topK, topP = 1 }: SamplingOptions): void {
  if (!(temperature >= 0)) {
    throw new RangeError(`Cannot sample at temperature ${temperature}: needs a number from 0`);
  }
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1)) {
    throw new RangeError(`Cannot sample with topK ${topK}: needs a whole number from 1`);
  }
  if (!(topP > 0 && topP <= 1)) {
    throw new RangeError(`Cannot sample with topP ${topP}: needs a probability above 0, up to 1`);
  }
}

/** The tokens that may be drawn, likeliest first, with probabilities that add up to 1 */
export function candidates(logits: Float32Array, options: SamplingOptions): TokenProbability[] {
  const { temperature = 1, topK = logits.length, topP = 1 } = options;
  if (temperature === 0) return [{ token: argmax(logits), probability: 1 }];
  const sorted = softmax(logits, temperature).sort(byProbability).slice(0, topK);
  const reach = topP * total(sorted);
  let sum = 0;
  // Nucleus sampling (Holtzman et al. 2019): the token that reaches the sum still belongs.
  const last = sorted.findIndex(({ probability }) => (sum += probability) >= reach);
  const kept = topP < 1 ? sorted.slice(0, last + 1) : sorted;
  const scale = 1 / total(kept);
  return kept.map(({ token, probability }) => ({ token, probability: probability * scale }));
}

/** Draws a token; `uniform` is a random number in [0, 1) */
export function draw(tokens: readonly TokenProbability[], uniform: number): number {
  let sum = 0;
  const hit = tokens.find(({ probability }) => (sum += probability) > uniform);
  return (hit ?? tokens.at(-1)!).token;
}

/** The `count` likeliest tokens with their probabilities, likeliest first */
export function likeliest(logits: Float32Array, count: number): TokenProbability[] {
  return softmax(logits, 1).sort(byProbability).slice(0, count);
}

/** Probability of every token, in the order of the tokens */
export function softmax(logits: Float32Array, temperature: number): TokenProbability[] {
  const greatest = logits[argmax(logits)]!;
  const powers = Array.from(logits, (logit) => Math.exp((logit - greatest) / temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power, token) => ({ token, probability: power / sum }));
}

/** Likelier first; equals in the order of their numbers */
function byProbability(a: TokenProbability, b: TokenProbability): number {
  return b.probability - a.probability || a.token - b.token;
}

function total(tokens: readonly TokenProbability[]): number {
  return tokens.reduce((sum, { probability }) => sum + probability, 0);
}

function argmax(logits: Float32Array): number {
  let best = 0;
  for (let token = 1; token < logits.length; token++) {
    if (logits[token]! > logits[best]!) best = token;
  }
  return best;
}
