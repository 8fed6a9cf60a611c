/**
 * The part of a byte-level BPE tokenizer that encodes. It stands on plain arrays only, so that a
 * worker can be given a copy of it at the cost of copying memory.
 *
 * @module
 */

import type { PartEncoder } from "./encoding.ts";
import type { IdBuffer } from "./id_buffer.ts";
import { type MergeRules, mergeWord } from "./merge_word.ts";
import { PairTable } from "./pair_table.ts";
import { patternOf } from "./patterns/mod.ts";
import type { PatternName, WordPattern } from "./patterns/pattern.ts";
import { scanWords } from "./pretokenize.ts";
import { SpecialTokenFinder } from "./special_tokens.ts";
import type { PartSink } from "./split.ts";
import { WordTable } from "./word_table.ts";

/** Words that are kept encoded: at most so many, none longer than so many bytes. */
const CACHE_WORDS = 1 << 18;
const CACHE_WORD_BYTES = 48;

/** All that encoding needs to know of a tokenizer; can be posted to a worker. */
export interface BpeTables {
  /** What cuts text into words. */
  readonly pattern: PatternName;
  /** The ranks of the merges: the array of a `PairTable`, and how many pairs it has. */
  readonly pairs: Int32Array;
  readonly pairCount: number;
  /** The token that the merge of each rank makes. */
  readonly merged: Int32Array;
  /** The token of each single byte, or -1. */
  readonly byteTokens: Int32Array;
  /** The id of each special token. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** Tokens that are taken whole where a word equals one, whatever its merges would make of it. */
  readonly wholeWords?: WholeWords;
}

/** Words and the token of each. */
export interface WholeWords {
  /** The words' bytes, one after another. */
  readonly bytes: Uint8Array;
  /** Where each begins, and where the last ends. */
  readonly starts: Int32Array;
  /** The token of each. */
  readonly ids: Int32Array;
}

/** Encodes text by byte-pair encoding, word by word. */
export class BpeEncoder implements PartEncoder {
  readonly specialTokens: ReadonlyMap<string, number>;
  readonly finder: SpecialTokenFinder;
  readonly tables: BpeTables;
  readonly #rules: MergeRules;
  readonly #pattern: WordPattern;
  readonly #wholeWords: WordTable | undefined;

  /** Words that were encoded already; `#ends[i]` is where the tokens of word i end in `#tokens`. */
  readonly #cache = new WordTable(1 << 12);
  #ends = new Int32Array(1 << 12);
  #tokens = new Int32Array(1 << 14);
  /** Room for the tokens of one word. */
  #word = new Int32Array(CACHE_WORD_BYTES);

  /** Takes the tables, and keeps them. */
  constructor(tables: BpeTables) {
    this.tables = tables;
    const { pairs, pairCount, merged } = tables;
    this.#rules = { ranks: PairTable.from(pairs, pairCount), merged };
    this.#pattern = patternOf(tables.pattern);
    this.specialTokens = tables.specialTokens;
    this.finder = new SpecialTokenFinder(tables.specialTokens.keys());
    this.#wholeWords = tables.wholeWords && tableOf(tables.wholeWords);
  }

  /** Makes what turns the parts of one text into ids. */
  sink(ids: IdBuffer): PartSink {
    const takeWord = (bytes: Uint8Array, start: number, end: number) => {
      const index = this.#cache.find(bytes, start, end);
      if (index === -1) this.#encodeNew(bytes, start, end, ids);
      else ids.append(this.#tokens, index === 0 ? 0 : this.#ends[index - 1]!, this.#ends[index]!);
    };
    return {
      plain: (text, start, end) => scanWords(text, [start, end], this.#pattern, takeWord),
      special: (token) => ids.push(this.specialTokens.get(token)!),
    };
  }

  /** Encodes a word that is not in the cache, and keeps it there. */
  #encodeNew(bytes: Uint8Array, start: number, end: number, ids: IdBuffer): void {
    const count = this.#mergeInto(bytes, start, end); // may replace `#word`
    ids.append(this.#word, 0, count);
    if (end - start > CACHE_WORD_BYTES) return;
    if (this.#cache.size === CACHE_WORDS) this.#cache.clear();
    const index = this.#cache.indexOf(bytes, start, end);
    const tokensStart = index === 0 ? 0 : this.#ends[index - 1]!;
    if (index === this.#ends.length) this.#ends = doubled(this.#ends);
    if (tokensStart + count > this.#tokens.length) this.#tokens = doubled(this.#tokens);
    for (let i = 0; i < count; i++) this.#tokens[tokensStart + i] = this.#word[i]!;
    this.#ends[index] = tokensStart + count;
  }

  /** Writes the tokens of a word to the beginning of `#word`; returns how many there are. */
  #mergeInto(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length > this.#word.length) this.#word = new Int32Array(2 * length);
    const word = this.#word;
    if (this.#wholeWords !== undefined) {
      const index = this.#wholeWords.find(bytes, start, end);
      if (index !== -1) {
        word[0] = this.tables.wholeWords!.ids[index]!;
        return 1;
      }
    }
    const { byteTokens } = this.tables;
    for (let i = 0; i < length; i++) {
      const token = byteTokens[bytes[start + i]!]!;
      if (token === -1) throw unknownByte(bytes.subarray(start, end), i);
      word[i] = token;
    }
    return mergeWord(word, length, this.#rules);
  }
}

function unknownByte(word: Uint8Array, at: number): RangeError {
  const text = JSON.stringify(new TextDecoder().decode(word));
  const byte = word[at]!.toString(16).padStart(2, "0");
  return new RangeError(`Cannot encode ${text}: the vocabulary has no token for byte 0x${byte}`);
}

function tableOf({ bytes, starts, ids }: WholeWords): WordTable {
  const table = new WordTable(ids.length);
  for (let i = 0; i < ids.length; i++) table.indexOf(bytes, starts[i]!, starts[i + 1]!);
  return table;
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(2 * array.length);
  copy.set(array);
  return copy;
}
