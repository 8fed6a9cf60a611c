/**
 * Text that arrives in pieces, as strings or as bytes, from memory, a stream or files.
 *
 * @module
 */

import { TextCutter } from "./cutter.ts";
import type { SpecialTokenFinder } from "./special_tokens.ts";

/** A piece of a text: characters, or bytes in UTF-8. */
export type TextPiece = string | Uint8Array;

/** Text files, each a text of its own. */
export interface TextFiles {
  /** The paths of the files. */
  readonly files: readonly string[];
}

/** Whether a source is given as files. */
export function isFiles(source: object | string): source is TextFiles {
  return typeof source === "object" && "files" in source;
}

/** Whether pieces arrive over time. */
export function isAsync<T>(pieces: Iterable<T> | AsyncIterable<T>): pieces is AsyncIterable<T> {
  return typeof pieces === "object" && Symbol.asyncIterator in pieces;
}

/**
 * Puts the pieces of a text together again, as far as it can be cut: what it hands on can be split
 * and encoded by itself. Bytes that are not UTF-8 become U+FFFD.
 */
export class TextGatherer {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #cutter: TextCutter;

  /** Takes what finds the special tokens that must not be cut. */
  constructor(finder: SpecialTokenFinder) {
    this.#cutter = new TextCutter(finder);
  }

  /** Takes the next piece; returns what is certain now, often nothing. */
  push(piece: TextPiece): string {
    const text = typeof piece === "string"
      ? piece
      : this.#decoder.decode(piece as Uint8Array<ArrayBuffer>, { stream: true });
    return this.#cutter.push(text);
  }

  /** Ends the text: returns what was held back. */
  end(): string {
    return this.#cutter.push(this.#decoder.decode()) + this.#cutter.end();
  }
}
