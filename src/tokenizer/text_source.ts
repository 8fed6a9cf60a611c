/**
 * Text that arrives in pieces, as strings or as bytes, from memory, a stream or files.
 *
 * @module
 */

import { lastCut } from "./cutter.ts";
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
 * Puts the pieces of a text together again, as UTF-8 and as far as it can be cut: what it hands on
 * can be split and encoded by itself.
 */
export class TextGatherer {
  readonly #finder: SpecialTokenFinder;
  #held = new Uint8Array(64);
  #length = 0;
  /** The first half of a surrogate pair that a string ended with. */
  #half = "";
  /** How much text to gather before looking for a cut: so that a long word costs linear time. */
  #enough = 1;

  /** Takes what finds the special tokens that must not be cut. */
  constructor(finder: SpecialTokenFinder) {
    this.#finder = finder;
  }

  /** Takes the next piece; returns what is certain now, often nothing. */
  push(piece: TextPiece): Uint8Array<ArrayBuffer> {
    if (typeof piece === "string") this.#appendText(piece);
    else this.#appendBytes(piece);
    if (this.#length < this.#enough) return NOTHING;
    let cut = this.#length;
    do cut = lastCut(this.#held, 0, cut); while (
      cut > 0 && this.#finder.mayCross(this.#held, this.#length, cut)
    );
    this.#enough = cut > 0 ? 1 : 2 * this.#length;
    return cut > 0 ? this.#take(cut) : NOTHING;
  }

  /** Ends the text: returns what was held back. */
  end(): Uint8Array<ArrayBuffer> {
    if (this.#half !== "") this.#appendBytes(encoder.encode(this.#half));
    this.#half = "";
    this.#enough = 1;
    return this.#take(this.#length);
  }

  #appendText(piece: string): void {
    let text = this.#half + piece;
    const isHalf = isLeading(text.charCodeAt(text.length - 1));
    this.#half = isHalf ? text.slice(-1) : "";
    if (isHalf) text = text.slice(0, -1);
    this.#reserve(3 * text.length); // no code unit takes more than three bytes
    this.#length += encoder.encodeInto(text, this.#held.subarray(this.#length)).written;
  }

  #appendBytes(piece: Uint8Array): void {
    this.#reserve(piece.length);
    this.#held.set(piece, this.#length);
    this.#length += piece.length;
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    const taken = this.#held.slice(0, length);
    this.#held.copyWithin(0, length, this.#length);
    this.#length -= length;
    return taken;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#held.length) return;
    const grown = new Uint8Array(2 * (this.#length + count));
    grown.set(this.#held.subarray(0, this.#length));
    this.#held = grown;
  }
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);

/** Whether a UTF-16 code unit is the first half of a surrogate pair. */
function isLeading(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

/** A whole text from UTF-8: bytes that are not become U+FFFD, a byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes as Uint8Array<ArrayBuffer>);
}
