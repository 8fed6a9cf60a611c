/**
 * How often each word of a text occurs: what training learns from.
 *
 * @module
 */

import { patternOf } from "./patterns/mod.ts";
import type { PatternName, WordPattern } from "./patterns/pattern.ts";
import { scanWords, type WordSink } from "./pretokenize.ts";
import { SpecialTokenFinder } from "./special_tokens.ts";
import { type PartSink, split } from "./split.ts";
import type { TextChunk } from "./text_chunks.ts";
import { decodeUtf8 } from "./text_source.ts";
import { WordTable } from "./word_table.ts";

/** Different words and how often each occurs, in arrays that can be posted to a worker. */
export interface CountedWords {
  /** The words' bytes, one after another. */
  readonly bytes: Uint8Array;
  /** Where each begins, and where the last ends. */
  readonly starts: Int32Array;
  /** How often each occurs. */
  readonly counts: Float64Array;
}

/** How text is cut into words. */
export interface CountOptions {
  /** What cuts it. */
  readonly pattern: PatternName;
  /** Text is split at these before. */
  readonly specialTokens: readonly string[];
}

/** Counts words. */
export class WordCounts {
  readonly #table = new WordTable(1 << 14);
  #counts = new Float64Array(1 << 14);
  readonly #pattern: WordPattern;
  readonly #finder: SpecialTokenFinder;
  readonly #sink: PartSink;

  /** Takes how text is cut into words. */
  constructor(options: CountOptions) {
    this.#pattern = patternOf(options.pattern);
    this.#finder = new SpecialTokenFinder(options.specialTokens);
    const takeWord: WordSink = (bytes, start, end) => this.#count(bytes, start, end, 1);
    this.#sink = {
      plain: (text, start, end) => scanWords(text, [start, end], this.#pattern, takeWord),
      special() {},
    };
  }

  /** How many different words there are. */
  get size(): number {
    return this.#table.size;
  }

  /** Counts the words of a chunk of text. */
  add({ parts }: TextChunk): void {
    for (const { bytes } of parts) split(decodeUtf8(bytes), this.#finder, this.#sink);
  }

  /** Adds what was counted elsewhere. */
  merge({ bytes, starts, counts }: CountedWords): void {
    for (let i = 0; i < counts.length; i++) {
      this.#count(bytes, starts[i]!, starts[i + 1]!, counts[i]!);
    }
  }

  /** The words, on the arrays that counting goes on with. */
  contents(): CountedWords {
    return { ...this.#table.contents(), counts: this.#counts.subarray(0, this.#table.size) };
  }

  #count(bytes: Uint8Array, start: number, end: number, times: number): void {
    const index = this.#table.indexOf(bytes, start, end);
    if (index >= this.#counts.length) {
      const grown = new Float64Array(2 * this.#counts.length);
      grown.set(this.#counts);
      this.#counts = grown;
    }
    this.#counts[index]! += times;
  }
}
