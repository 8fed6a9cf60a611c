/**
 * Splits text into pre-tokens and special tokens, all at once or as its pieces arrive. Training and
 * encoding both stand on it, so they agree on where a word ends.
 *
 * @module
 */

import { pretokenEnd } from "./pretokenize.ts";
import type { SpecialTokenFinder } from "./special_tokens.ts";

/** Takes the parts of a text in order. */
export interface PartSink {
  /** Takes the pre-token `text.slice(start, end)`. */
  pretoken(text: string, start: number, end: number): void;
  /** Takes a special token. */
  special(token: string): void;
}

/**
 * Hands the parts of a text to a sink.
 *
 * @param text The text, or the beginning of one.
 * @param finder Finds the special tokens.
 * @param sink Takes the parts.
 * @param isWhole Whether the text ends here. If not, only what more text cannot change is handed on.
 * @returns How much of the text was handed on, in UTF-16 code units.
 */
export function split(
  text: string,
  finder: SpecialTokenFinder,
  sink: PartSink,
  isWhole: boolean,
): number {
  let start = 0;
  while (true) {
    const special = finder.find(text, start);
    const unfinished = isWhole ? text.length : finder.unfinishedStart(text, start);
    if (special === undefined || unfinished <= special.start) {
      return splitPlain(text, start, unfinished, sink, isWhole);
    }
    splitPlain(text, start, special.start, sink, true);
    sink.special(special.token);
    start = special.start + special.token.length;
  }
}

/** Hands on the pre-tokens between two places; returns where it stopped. */
function splitPlain(
  text: string,
  start: number,
  limit: number,
  sink: PartSink,
  isWhole: boolean,
): number {
  while (start < limit) {
    const end = pretokenEnd(text, start, limit);
    if (!isWhole && end > limit - 2) break; // see pretokenEnd: more text might move this end
    sink.pretoken(text, start, end);
    start = end;
  }
  return start;
}

/** Splits a text that arrives in pieces, wherever the pieces end. */
export class StreamSplitter {
  readonly #finder: SpecialTokenFinder;
  readonly #sink: PartSink;
  #held = "";
  /** How much text to gather before splitting: so that a long word costs linear time. */
  #enough = 1;

  /** Takes what finds special tokens and what takes the parts. */
  constructor(finder: SpecialTokenFinder, sink: PartSink) {
    this.#finder = finder;
    this.#sink = sink;
  }

  /** Takes the next piece of the text and hands on the parts that are certain. */
  push(piece: string): void {
    this.#held += piece;
    if (this.#held.length < this.#enough) return;
    this.#held = this.#held.slice(split(this.#held, this.#finder, this.#sink, false));
    this.#enough = 2 * this.#held.length;
  }

  /** Ends the text: hands on the parts that were held back. */
  end(): void {
    split(this.#held, this.#finder, this.#sink, true);
    this.#held = "";
    this.#enough = 1;
  }
}

/** A string of its own: one cut out of a text may keep the whole text in memory. */
export function ownCopy(text: string): string {
  return (" " + text).slice(1);
}
