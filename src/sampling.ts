/**
 * From logits to a token: temperature, top-k, top-p, and the dice. `kernels/sampling.ts` does this on
 * the device; here is the definition in double precision that it is tested against, and what the host
 * tells about probabilities.
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

/**
 * The tokens that may be drawn, likeliest first, with probabilities that add up to 1. NaN counts as
 * -∞, and logits of -∞ belong only if there are no others.
 */
export function candidates(logits: Float32Array, options: SamplingOptions): TokenProbability[] {
  const { temperature = 1, topK = logits.length, topP = 1 } = options;
  if (temperature === 0) return [{ token: argmax(logits), probability: 1 }];
  const top = ranked(softmax(logits, temperature), logits).slice(0, topK);
  const reach = topP * total(top);
  let sum = 0;
  // Nucleus sampling (Holtzman et al. 2019): the token that reaches the sum still belongs.
  const last = top.findIndex(({ probability }) => (sum += probability) >= reach);
  const kept = (topP < 1 ? top.slice(0, last + 1) : top).filter((entry) => entry.probability > 0);
  const scale = 1 / total(kept);
  return kept.map(({ token, probability }) => ({ token, probability: probability * scale }));
}

/**
 * Draws a token; `uniform` is a random number in [0, 1). Probabilities are added up in the order of
 * the token numbers; the first token at which the sum exceeds `uniform` is taken.
 */
export function draw(tokens: readonly TokenProbability[], uniform: number): number {
  const inOrder = tokens.toSorted((a, b) => a.token - b.token);
  let sum = 0;
  const hit = inOrder.find(({ probability }) => (sum += probability) > uniform);
  return (hit ?? inOrder.at(-1)!).token;
}

/** The `count` likeliest tokens with their probabilities, likeliest first */
export function likeliest(logits: Float32Array, count: number): TokenProbability[] {
  return ranked(softmax(logits, 1), logits).slice(0, count);
}

/** Probability of every token, in the order of the tokens */
export function softmax(logits: Float32Array, temperature: number): TokenProbability[] {
  const greatest = numeric(logits[argmax(logits)]!);
  // The likeliest weigh 1 even where ∞ - ∞ would be no number.
  const powers = Array.from(
    logits,
    (logit) =>
      numeric(logit) === greatest ? 1 : Math.exp((numeric(logit) - greatest) / temperature),
  );
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power, token) => ({ token, probability: power / sum }));
}

/** Greater logits first; equals in the order of their numbers */
function ranked(tokens: TokenProbability[], logits: Float32Array): TokenProbability[] {
  const rank = ({ token }: TokenProbability) => numeric(logits[token]!);
  return tokens.sort((a, b) => {
    const first = rank(a), second = rank(b);
    return first === second ? a.token - b.token : first > second ? -1 : 1;
  });
}

function total(tokens: readonly TokenProbability[]): number {
  return tokens.reduce((sum, { probability }) => sum + probability, 0);
}

/** The first of the greatest logits */
function argmax(logits: Float32Array): number {
  let best = 0;
  for (let token = 1; token < logits.length; token++) {
    if (numeric(logits[token]!) > numeric(logits[best]!)) best = token;
  }
  return best;
}

/** Logits that are no numbers count as the least likely */
function numeric(logit: number): number {
  return Number.isNaN(logit) ? -Infinity : logit;
}
