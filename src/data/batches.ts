/**
 * Batches of token ids for training and evaluation: inputs, and as targets the token that follows
 * each of them.
 *
 * @module
 */

import { foldSeed, Random } from "../random.ts";
import type { TokenSource } from "./token_source.ts";

/** Keeps the numbers drawn here apart from others drawn with the same seed. */
const STREAM = 0x6261746368; // "batch"

/** Rows of token ids and of the ids that follow them. */
export interface Batch {
  /** How many rows there are, B. */
  readonly batchSize: number;
  /** How many tokens a row has, T. */
  readonly contextLength: number;
  /** Token ids, `[B, T]`. */
  readonly inputs: Int32Array<ArrayBuffer>;
  /** The ids that follow: `targets[b, t]` is `inputs[b, t + 1]`, `[B, T]`. */
  readonly targets: Int32Array<ArrayBuffer>;
}

/** Options of {@linkcode sampleBatch}. */
export interface SampleBatchOptions {
  /** How many rows, B. */
  readonly batchSize: number;
  /** How many tokens a row, T. */
  readonly contextLength: number;
  /** The seed: any safe integer. */
  readonly seed: number;
  /** Which of the seed's batches: an integer from 0. */
  readonly step: number;
}

/**
 * Draws a batch: rows that begin at random places of a source, each place equally likely. The same
 * seed and step give the same batch, whatever was drawn before.
 *
 * @example Two rows of three tokens
 * ```ts
 * import { sampleBatch, tokensInMemory } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const source = tokensInMemory(Array.from({ length: 100 }, (_, i) => i));
 * const batch = sampleBatch(source, { batchSize: 2, contextLength: 3, seed: 0, step: 7 });
 * assertEquals(batch.inputs.length, 6);
 * assertEquals(batch.targets, batch.inputs.map((id) => id + 1));
 * ```
 *
 * @param source Where to read token ids; at least `contextLength + 1` of them.
 * @param options The size of the batch, seed and step.
 * @returns The batch.
 * @throws {RangeError} If the source is too short, or an option is out of range.
 */
export function sampleBatch(source: TokenSource, options: SampleBatchOptions): Batch {
  const { batchSize, contextLength, seed, step } = options;
  checkSizes(source, options);
  const random = new Random(foldSeed(foldSeed(seed, STREAM), step));
  const offsets = Array.from(
    { length: batchSize },
    () => random.integer(source.length - contextLength),
  );
  return readBatch(source, offsets, contextLength);
}

/** Options of {@linkcode sequentialBatches}. */
export interface SequentialBatchesOptions {
  /** How many rows, B; the last batches may have fewer. */
  readonly batchSize: number;
  /** How many tokens a row, T. */
  readonly contextLength: number;
  /** At most so many batches. Default: no limit. */
  readonly maxBatches?: number;
  /**
   * Whether the tokens left over at the end, too few for a row, make a last batch of one shorter row,
   * so that every token but the first is a target once. Default false.
   */
  readonly includeRemainder?: boolean;
}

/**
 * Reads a source from beginning to end in rows that do not overlap: for evaluation.
 *
 * @example Every token but the first is a target once
 * ```ts
 * import { sequentialBatches, tokensInMemory } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const source = tokensInMemory([0, 1, 2, 3, 4, 5, 6]);
 * const options = { batchSize: 1, contextLength: 4, includeRemainder: true };
 * const targets = [...sequentialBatches(source, options)].map((batch) => [...batch.targets]);
 * assertEquals(targets, [[1, 2, 3, 4], [5, 6]]);
 * ```
 *
 * @param source Where to read token ids; at least `contextLength + 1` of them.
 * @param options The size of the batches.
 * @returns The batches in order.
 * @throws {RangeError} If the source is too short, or an option is out of range.
 */
export function* sequentialBatches(
  source: TokenSource,
  options: SequentialBatchesOptions,
): Generator<Batch> {
  const { batchSize, contextLength, maxBatches = Infinity, includeRemainder = false } = options;
  checkSizes(source, options);
  const rows = Math.floor((source.length - 1) / contextLength);
  let batches = 0;
  for (let row = 0; row < rows && batches < maxBatches; row += batchSize, batches++) {
    const offsets = Array.from(
      { length: Math.min(batchSize, rows - row) },
      (_, index) => (row + index) * contextLength,
    );
    yield readBatch(source, offsets, contextLength);
  }
  const remainder = source.length - 1 - rows * contextLength;
  if (includeRemainder && remainder > 0 && batches < maxBatches) {
    yield readBatch(source, [rows * contextLength], remainder);
  }
}

/** Reads the rows that begin at given places. */
function readBatch(
  source: TokenSource,
  offsets: readonly number[],
  contextLength: number,
): Batch {
  const batchSize = offsets.length;
  const inputs = new Int32Array(batchSize * contextLength);
  const targets = new Int32Array(batchSize * contextLength);
  offsets.forEach((offset, row) => {
    const tokens = source.read(offset, contextLength + 1); // [T + 1]
    inputs.set(tokens.subarray(0, contextLength), row * contextLength);
    targets.set(tokens.subarray(1), row * contextLength);
  });
  return { batchSize, contextLength, inputs, targets };
}

function checkSizes(
  source: TokenSource,
  options: { readonly batchSize: number; readonly contextLength: number },
): void {
  for (const name of ["batchSize", "contextLength"] as const) {
    if (!Number.isSafeInteger(options[name]) || options[name] < 1) {
      throw new RangeError(
        `Cannot make batches with ${name} ${options[name]}: needed an integer of at least 1`,
      );
    }
  }
  const needed = options.contextLength + 1;
  if (source.length < needed) {
    throw new RangeError(
      `Cannot make batches of context length ${options.contextLength}: ` +
        `found ${source.length} tokens, needed at least ${needed}`,
    );
  }
}
