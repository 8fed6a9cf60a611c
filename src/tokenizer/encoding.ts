/**
 * The ways of encoding that every tokenizer offers, made from the one it must provide itself: the
 * ids of one pre-token.
 *
 * @module
 */

import { SpecialTokenFinder } from "./special_tokens.ts";
import { type PartSink, split, StreamSplitter } from "./split.ts";
import type { EncodeOptions } from "./text_tokenizer.ts";

/** Token ids in an array that grows. */
export class IdBuffer {
  #ids: Int32Array<ArrayBuffer> = new Int32Array(256);
  #length = 0;

  /** Adds one id. */
  push(id: number): void {
    if (this.#length === this.#ids.length) this.#reserve(1);
    this.#ids[this.#length++] = id;
  }

  /** Adds ids. */
  append(ids: Int32Array): void {
    if (this.#length + ids.length > this.#ids.length) this.#reserve(ids.length);
    // Most words are a few tokens: a loop is faster than `set` then.
    if (ids.length > 16) this.#ids.set(ids, this.#length);
    else for (let i = 0; i < ids.length; i++) this.#ids[this.#length + i] = ids[i]!;
    this.#length += ids.length;
  }

  /** A copy of the ids added since the start or the last `take`. */
  take(): Int32Array<ArrayBuffer> {
    const ids = this.#ids.slice(0, this.#length);
    this.#length = 0;
    return ids;
  }

  #reserve(count: number): void {
    const grown = new Int32Array(2 * (this.#length + count));
    grown.set(this.#ids);
    this.#ids = grown;
  }
}

/** What a tokenizer provides. */
export interface PartEncoder {
  /** The id of each special token. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** Finds all its special tokens. */
  readonly finder: SpecialTokenFinder;
  /** Makes what turns the parts of one text into ids. */
  sink(ids: IdBuffer): PartSink;
}

/** Encodes a whole text. */
export function encodeText(
  text: string,
  encoder: PartEncoder,
  options: EncodeOptions,
): Int32Array<ArrayBuffer> {
  const ids = new IdBuffer();
  split(text, finderFor(encoder, options), encoder.sink(ids), true);
  return ids.take();
}

/** Encodes a text that arrives in pieces. */
export function* encodePieces(
  pieces: Iterable<string>,
  encoder: PartEncoder,
  options: EncodeOptions,
): Generator<number> {
  const ids = new IdBuffer();
  const splitter = new StreamSplitter(finderFor(encoder, options), encoder.sink(ids));
  for (const piece of pieces) {
    splitter.push(piece);
    yield* ids.take();
  }
  splitter.end();
  yield* ids.take();
}

/** Encodes a text that arrives in pieces over time. */
export async function* encodeAsyncPieces(
  pieces: AsyncIterable<string>,
  encoder: PartEncoder,
  options: EncodeOptions,
): AsyncGenerator<number> {
  const ids = new IdBuffer();
  const splitter = new StreamSplitter(finderFor(encoder, options), encoder.sink(ids));
  for await (const piece of pieces) {
    splitter.push(piece);
    for (const id of ids.take()) yield id; // `yield*` would wait for each id twice
  }
  splitter.end();
  for (const id of ids.take()) yield id;
}

/** Whether pieces arrive over time. */
export function isAsync(
  pieces: Iterable<string> | AsyncIterable<string>,
): pieces is AsyncIterable<string> {
  return typeof pieces === "object" && Symbol.asyncIterator in pieces;
}

function finderFor(encoder: PartEncoder, options: EncodeOptions): SpecialTokenFinder {
  const { allowedSpecial = "all" } = options;
  if (allowedSpecial === "all") return encoder.finder;
  if (allowedSpecial === "none") return new SpecialTokenFinder([]);
  const unknown = allowedSpecial.find((token) => !encoder.specialTokens.has(token));
  if (unknown !== undefined) {
    throw new RangeError(
      `Cannot look for special token ${JSON.stringify(unknown)}: the tokenizer has no such one`,
    );
  }
  return new SpecialTokenFinder(allowedSpecial);
}
