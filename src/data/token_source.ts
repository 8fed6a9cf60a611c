/**
 * Where training reads token ids from: an array in memory, a file, or a part of either.
 *
 * @module
 */

/** A long row of token ids that can be read from any place. */
export interface TokenSource {
  /** How many tokens there are. */
  readonly length: number;
  /**
   * Reads tokens.
   *
   * @param offset The first token to read.
   * @param count How many to read.
   * @returns Their ids, not to be changed.
   * @throws {RangeError} If not all of them are there.
   */
  read(offset: number, count: number): Int32Array;
}

/**
 * Token ids in memory as a {@linkcode TokenSource}.
 *
 * @example Four tokens
 * ```ts
 * import { tokensInMemory } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tokensInMemory([5, 6, 7, 8]).read(1, 2), Int32Array.of(6, 7));
 * ```
 *
 * @param ids The token ids; an `Int32Array` is used as it is, anything else copied.
 * @returns The source.
 */
export function tokensInMemory(ids: Int32Array | ArrayLike<number>): TokenSource {
  const tokens = ids instanceof Int32Array ? ids : Int32Array.from(ids);
  return {
    length: tokens.length,
    read(offset, count) {
      checkRead(offset, count, tokens.length);
      return tokens.subarray(offset, offset + count);
    },
  };
}

/**
 * A part of a source, for example to keep the last tenth for validation.
 *
 * @example The first nine tenths
 * ```ts
 * import { sliceTokens, tokensInMemory } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const all = tokensInMemory([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
 * assertEquals(sliceTokens(all, 0, 9).length, 9);
 * assertEquals(sliceTokens(all, 9).read(0, 1), Int32Array.of(9));
 * ```
 *
 * @param source The whole.
 * @param start Its first token.
 * @param end The token after its last. Default: the end of the source.
 * @returns The part; it reads from the whole.
 * @throws {RangeError} If the part does not lie in the whole.
 */
export function sliceTokens(
  source: TokenSource,
  start: number,
  end: number = source.length,
): TokenSource {
  checkRead(start, end - start, source.length);
  const length = end - start;
  return {
    length,
    read(offset, count) {
      checkRead(offset, count, length);
      return source.read(start + offset, count);
    },
  };
}

/**
 * Checks that a source has the tokens that are to be read.
 *
 * @param offset The first of them.
 * @param count How many.
 * @param length How many tokens the source has.
 * @throws {RangeError} If it has not.
 */
export function checkRead(offset: number, count: number, length: number): void {
  const isInteger = Number.isSafeInteger(offset) && Number.isSafeInteger(count);
  if (isInteger && offset >= 0 && count >= 0 && offset + count <= length) return;
  throw new RangeError(
    `Cannot read ${count} tokens from token ${offset} on: the source has ${length} tokens`,
  );
}

/**
 * Checks that token ids belong to a vocabulary.
 *
 * @example An id that is too great
 * ```ts
 * import { checkTokenRange } from "@kindling/lm";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => checkTokenRange([1, 2, 500], 500), RangeError, "token id 500 at position 2");
 * ```
 *
 * @param ids The token ids.
 * @param vocabSize How many ids there are: they go from 0 to `vocabSize - 1`.
 * @throws {RangeError} If an id does not belong to it; the message says which and where.
 */
export function checkTokenRange(ids: ArrayLike<number>, vocabSize: number): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw new RangeError(
        `Cannot use token id ${id} at position ${i}: needed an integer from 0 to ${vocabSize - 1}`,
      );
    }
  }
}
