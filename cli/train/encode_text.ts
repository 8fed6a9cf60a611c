/** Text to token ids, and the part of them that is kept for validation. */

import { sliceTokens, tokensInMemory, type TokenSource } from "../../src/data/token_source.ts";
import type { TextTokenizer } from "../../src/tokenizer/text_tokenizer.ts";
import { textPieces, type TextSource } from "./text_source.ts";

/** The share at the end of a text that is not learned from. */
const VALIDATION_SHARE = 0.1;

/** More characters than this are encoded piece by piece: a string cannot hold 2²⁹ of them. */
const LONGEST_STRING = 2 ** 28;

/** All token ids of a text. */
export async function encodeText(
  tokenizer: TextTokenizer,
  source: TextSource,
): Promise<Int32Array> {
  const pieces: string[] = [];
  let characters = 0;
  const rest = textPieces(source);
  for await (const piece of rest) {
    pieces.push(piece);
    characters += piece.length;
    if (characters > LONGEST_STRING) {
      return await collect(tokenizer.encodeIterable(textPieces(source)));
    }
  }
  return tokenizer.encodeToArray(pieces.join(""));
}

/** Ids that arrive one by one. */
async function collect(ids: AsyncIterable<number>): Promise<Int32Array> {
  let array = new Int32Array(1 << 20);
  let length = 0;
  for await (const id of ids) {
    if (length === array.length) {
      const grown = new Int32Array(2 * length);
      grown.set(array);
      array = grown;
    }
    array[length++] = id;
  }
  return array.subarray(0, length);
}

/** The two parts of a text. */
export interface SplitText {
  readonly training: TokenSource;
  readonly validation: TokenSource;
}

/**
 * Splits a text: the last tenth is for validation.
 *
 * @throws {RangeError} if a part is shorter than one sequence
 */
export function splitText(
  ids: Int32Array,
  options: { name: string; contextLength: number },
): SplitText {
  const { name, contextLength } = options;
  const cut = Math.floor(ids.length * (1 - VALIDATION_SHARE));
  const validationLength = ids.length - cut;
  if (validationLength <= contextLength) {
    throw new RangeError(
      `Cannot use ${name}: it has ${ids.length} tokens, and the last tenth of them, kept for ` +
        `validation, must be more than one context of ${contextLength}; ` +
        "use more text or a smaller --context-length",
    );
  }
  const all = tokensInMemory(ids);
  return { training: sliceTokens(all, 0, cut), validation: sliceTokens(all, cut) };
}
