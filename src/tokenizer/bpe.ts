/**
 * The byte-level BPE tokenizer: encodes any text, decodes any ids.
 *
 * @module
 */

import { readText } from "../platform/files.ts";
import { toKey, toPrintable } from "./byte_alphabet.ts";
import {
  encodeAsyncPieces,
  encodePieces,
  encodeText,
  type IdBuffer,
  isAsync,
  type PartEncoder,
} from "./encoding.ts";
import { parseMerges, parseVocab } from "./gpt2_files.ts";
import { formatTokenizerJson, parseTokenizerJson } from "./huggingface_json.ts";
import { mergePretoken, type MergeRules } from "./merge_pretoken.ts";
import { PairTable } from "./pair_table.ts";
import { checkSpecialTokens, SpecialTokenFinder } from "./special_tokens.ts";
import { ownCopy, type PartSink } from "./split.ts";
import {
  decodeAll,
  type EncodeOptions,
  StreamDecoder,
  type TextTokenizer,
} from "./text_tokenizer.ts";

/** Words that are kept encoded: at most so many, none longer than so many UTF-16 code units. */
const CACHE_WORDS = 1 << 16;
const CACHE_WORD_LENGTH = 64;

/** Options of {@linkcode Tokenizer.fromFiles}. */
export interface FromFilesOptions {
  /** Special tokens; those that the vocabulary lacks are added at its end. */
  readonly specialTokens?: readonly string[];
}

/**
 * A byte-level BPE tokenizer such as GPT-2's: text is split at special tokens and, by GPT-2's
 * pattern, into words; each word's UTF-8 bytes are merged in the order the merges were learned.
 *
 * Special tokens in a text become their ids (see {@linkcode EncodeOptions}); where several are
 * possible, the leftmost is taken, and of those the longest. Half a surrogate pair counts as U+FFFD.
 *
 * @example Encode and decode
 * ```ts
 * import { Tokenizer, trainBpe } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const specialTokens = ["<|endoftext|>"];
 * const { vocab, merges } = await trainBpe(["the cat and the hat"], {
 *   vocabSize: 261,
 *   specialTokens,
 * });
 * const tokenizer = new Tokenizer(vocab, merges, specialTokens);
 * const ids = tokenizer.encode("the cat<|endoftext|>");
 * assertEquals(ids.at(-1), 0);
 * assertEquals(tokenizer.decode(ids), "the cat<|endoftext|>");
 * ```
 */
export class Tokenizer implements TextTokenizer {
  /** The id of each special token. */
  readonly specialTokens: ReadonlyMap<string, number>;
  readonly #bytes: (Uint8Array | undefined)[] = [];
  /** The id of each token by its bytes, as keys (see `toKey`). */
  readonly #ids = new Map<string, number>();
  readonly #merges: readonly (readonly [Uint8Array, Uint8Array])[];
  readonly #rules: MergeRules;
  /** The token of each single byte, or -1. */
  readonly #byteTokens: Int32Array;
  readonly #cache = new Map<string, Int32Array>();
  readonly #encoder: PartEncoder;

  /**
   * Makes a tokenizer from a vocabulary and merges, as {@linkcode trainBpe} returns them.
   *
   * The ids may have gaps. If two ids have the same bytes, the first of the map is used to encode.
   *
   * @param vocab The bytes of each token id.
   * @param merges Pairs of tokens, in the order they were learned; both and what they make must be
   * in the vocabulary.
   * @param specialTokens Special tokens; those that the vocabulary lacks are added at its end, in
   * the order given.
   * @throws {RangeError} If an id is not an integer from 0 to 2³¹ - 1, a merge has unknown tokens or
   * is there twice, or a special token is empty.
   */
  constructor(
    vocab: ReadonlyMap<number, Uint8Array>,
    merges: readonly (readonly [Uint8Array, Uint8Array])[],
    specialTokens: Iterable<string> = [],
  ) {
    for (const [id, bytes] of vocab) this.#addToken(id, bytes);
    const special = new Map<string, number>();
    for (const token of checkSpecialTokens(specialTokens)) {
      const bytes = new TextEncoder().encode(token);
      const id = this.#ids.get(toKey(bytes)) ?? this.#bytes.length;
      if (id === this.#bytes.length) this.#addToken(id, bytes);
      special.set(token, id);
    }
    this.specialTokens = special;
    this.#merges = merges;
    this.#rules = this.#toRules(merges);
    this.#byteTokens = Int32Array.from(
      { length: 256 },
      (_, byte) => this.#ids.get(String.fromCharCode(byte)) ?? -1,
    );
    this.#encoder = {
      specialTokens: special,
      finder: new SpecialTokenFinder(special.keys()),
      sink: (ids) => this.#sink(ids),
    };
  }

  /**
   * Reads a tokenizer from the two files that GPT-2 came with, in its printable byte encoding.
   *
   * @param vocabPath A JSON object of token ids by token, such as `vocab.json`.
   * @param mergesPath A merge a line, two tokens with a blank between, such as `merges.txt`.
   * @param options Special tokens.
   * @returns The tokenizer.
   * @throws {SyntaxError} If a file is not of that form.
   * @throws {RangeError} As the constructor.
   * @throws {Error} If a file cannot be read.
   */
  static async fromFiles(
    vocabPath: string,
    mergesPath: string,
    options: FromFilesOptions = {},
  ): Promise<Tokenizer> {
    const { specialTokens = [] } = options;
    const vocabText = await readText(vocabPath, { what: "vocabulary" });
    const mergesText = await readText(mergesPath, { what: "merges" });
    const vocab = parseVocab(vocabText, { name: vocabPath, specialTokens });
    return new Tokenizer(vocab, parseMerges(mergesText, { name: mergesPath }), specialTokens);
  }

  /**
   * Reads a tokenizer from Hugging Face's `tokenizer.json` format: byte-level BPE with GPT-2's
   * pattern. All its added tokens count as special. A post-processor is passed over: no tokens are
   * added to a text.
   *
   * @param json The file's text, or what `JSON.parse` made of it.
   * @returns The tokenizer.
   * @throws {SyntaxError} If it is not of that form, or of another kind.
   * @throws {RangeError} As the constructor.
   */
  static fromJson(json: string | object): Tokenizer {
    const { vocab, merges, specialTokens } = parseTokenizerJson(json);
    return new Tokenizer(vocab, merges, specialTokens);
  }

  /** One more than the greatest token id: how many rows an embedding needs. */
  get vocabSize(): number {
    return this.#bytes.length;
  }

  /**
   * Encodes a text.
   *
   * @param text The text.
   * @param options Which special tokens to look for.
   * @returns Its token ids.
   * @throws {RangeError} If the vocabulary lacks a byte of the text.
   */
  encode(text: string, options: EncodeOptions = {}): number[] {
    return Array.from(this.encodeToArray(text, options));
  }

  /**
   * Encodes a text into a typed array, which takes less memory than {@linkcode Tokenizer.encode}.
   *
   * @param text The text.
   * @param options Which special tokens to look for.
   * @returns Its token ids.
   * @throws {RangeError} If the vocabulary lacks a byte of the text.
   */
  encodeToArray(text: string, options: EncodeOptions = {}): Int32Array<ArrayBuffer> {
    return encodeText(text, this.#encoder, options);
  }

  /**
   * Encodes a text that arrives in pieces, such as the lines of a file, keeping only the last few
   * words of it: the ids are those of the whole text, wherever the pieces end.
   *
   * @param pieces The pieces of the text.
   * @param options Which special tokens to look for.
   * @returns The token ids, one after another.
   * @throws {RangeError} If the vocabulary lacks a byte of the text.
   */
  encodeIterable(pieces: Iterable<string>, options?: EncodeOptions): Generator<number>;
  /** The same for pieces that arrive over time. */
  encodeIterable(pieces: AsyncIterable<string>, options?: EncodeOptions): AsyncGenerator<number>;
  encodeIterable(
    pieces: Iterable<string> | AsyncIterable<string>,
    options: EncodeOptions = {},
  ): Generator<number> | AsyncGenerator<number> {
    return isAsync(pieces)
      ? encodeAsyncPieces(pieces, this.#encoder, options)
      : encodePieces(pieces, this.#encoder, options);
  }

  /**
   * Decodes token ids.
   *
   * @param ids The token ids.
   * @returns Their text; bytes that are not UTF-8 become U+FFFD.
   * @throws {RangeError} If there is no token with one of the ids.
   */
  decode(ids: Iterable<number>): string {
    return decodeAll(ids, (id) => this.idToBytes(id));
  }

  /**
   * Starts decoding token ids as they arrive.
   *
   * @returns What takes them.
   */
  decoder(): StreamDecoder {
    return new StreamDecoder((id) => this.idToBytes(id));
  }

  /**
   * Looks a token up.
   *
   * @param token Its text, or its bytes.
   * @returns Its id, or undefined if there is no such token.
   */
  tokenToId(token: string | Uint8Array): number | undefined {
    if (typeof token !== "string") return this.#ids.get(toKey(token));
    return this.specialTokens.get(token) ?? this.#ids.get(toKey(new TextEncoder().encode(token)));
  }

  /**
   * Looks an id up.
   *
   * @param id A token id.
   * @returns The token's bytes; not to be changed.
   * @throws {RangeError} If there is no token with that id.
   */
  idToBytes(id: number): Uint8Array {
    const bytes = this.#bytes[id];
    if (bytes !== undefined) return bytes;
    const reason = id >= 0 && id < this.vocabSize ? "" : `, needed 0 to ${this.vocabSize - 1}`;
    throw new RangeError(`Cannot decode token id ${id}: the vocabulary has no such id${reason}`);
  }

  /**
   * Writes the tokenizer in Hugging Face's `tokenizer.json` format.
   *
   * @returns The file's text; {@linkcode Tokenizer.fromJson} reads it.
   */
  toJson(): string {
    return formatTokenizerJson({
      vocab: this.#bytes,
      merges: this.#merges,
      specialTokens: this.specialTokens,
    });
  }

  #addToken(id: number, bytes: Uint8Array): void {
    if (!Number.isInteger(id) || id < 0 || id > 0x7fffffff) {
      throw new RangeError(
        `Cannot use ${id} as a token id: needed an integer from 0 to 2147483647`,
      );
    }
    this.#bytes[id] = bytes;
    const key = toKey(bytes);
    if (!this.#ids.has(key)) this.#ids.set(key, id);
  }

  #toRules(merges: readonly (readonly [Uint8Array, Uint8Array])[]): MergeRules {
    const ranks = new PairTable(merges.length);
    const merged = new Int32Array(merges.length);
    merges.forEach(([left, right], rank) => {
      const describe = () => `${quote(left)} + ${quote(right)} (merge ${rank + 1})`;
      const idOf = (key: string, bytes: () => Uint8Array) => {
        const id = this.#ids.get(key);
        if (id !== undefined) return id;
        throw new RangeError(
          `Cannot merge ${describe()}: ${quote(bytes())} is not in the vocabulary`,
        );
      };
      const leftId = idOf(toKey(left), () => left);
      const rightId = idOf(toKey(right), () => right);
      merged[rank] = idOf(toKey(left) + toKey(right), () => Uint8Array.of(...left, ...right));
      const earlier = ranks.get(leftId, rightId);
      if (earlier !== -1) {
        throw new RangeError(`Cannot merge ${describe()}: merge ${earlier + 1} is the same`);
      }
      ranks.set(leftId, rightId, rank);
    });
    return { ranks, merged };
  }

  #sink(ids: IdBuffer): PartSink {
    return {
      pretoken: (text, start, end) => {
        const word = text.slice(start, end);
        let tokens = this.#cache.get(word);
        if (tokens === undefined) {
          tokens = this.#encodeWord(word);
          this.#remember(word, tokens);
        }
        ids.append(tokens);
      },
      special: (token) => ids.push(this.specialTokens.get(token)!),
    };
  }

  #encodeWord(word: string): Int32Array {
    const bytes = new TextEncoder().encode(word);
    const tokens = Int32Array.from(bytes, (byte) => this.#byteTokens[byte]!);
    const missing = tokens.indexOf(-1);
    if (missing !== -1) {
      const byte = bytes[missing]!.toString(16).padStart(2, "0");
      throw new RangeError(
        `Cannot encode ${JSON.stringify(word)}: the vocabulary has no token for byte 0x${byte}`,
      );
    }
    return tokens.slice(0, mergePretoken(tokens, tokens.length, this.#rules));
  }

  #remember(word: string, tokens: Int32Array): void {
    if (word.length > CACHE_WORD_LENGTH) return;
    if (this.#cache.size >= CACHE_WORDS) this.#cache.clear();
    this.#cache.set(ownCopy(word), tokens);
  }
}

/** A token as error messages show it. */
function quote(token: Uint8Array): string {
  return JSON.stringify(toPrintable(token));
}
