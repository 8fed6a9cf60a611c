/**
 * The character tokenizer: a token is a character.
 *
 * @module
 */

import { type EncodeFileOptions, encodeToFile } from "./encode_file.ts";
import {
  countText,
  encodeAsyncPieces,
  encodeFiles,
  encodePieces,
  encodeText,
  type PartEncoder,
} from "./encoding.ts";
import type { IdBuffer } from "./id_buffer.ts";
import { asArray, asObject, asString, describe, parseJson } from "./json_checks.ts";
import { checkSpecialTokens, SpecialTokenFinder } from "./special_tokens.ts";
import { type PartSink, split } from "./split.ts";
import { decodeAll, toNumbers } from "./id_arrays.ts";
import { type EncodeOptions, StreamDecoder, type TextTokenizer } from "./text_tokenizer.ts";
import type { TextSource } from "./text_chunks.ts";
import { isAsync, isFiles, type TextFiles, type TextPiece } from "./text_source.ts";

/** What marks a {@linkcode CharTokenizer} in a `tokenizer.json` file. */
export const CHAR_TOKENIZER_TYPE = "kindling-char";

/** Options of {@linkcode CharTokenizer}. */
export interface CharTokenizerOptions {
  /** Tokens such as `<|endoftext|>`, numbered after the characters. */
  readonly specialTokens?: readonly string[];
}

/**
 * A tokenizer whose tokens are the characters (Unicode code points) of a text, numbered in their
 * order in Unicode, and then special tokens. Half a surrogate pair counts as U+FFFD.
 *
 * @example Encode and decode
 * ```ts
 * import { CharTokenizer } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenizer = CharTokenizer.fromText("hello");
 * assertEquals(tokenizer.vocabSize, 4); // e h l o
 * assertEquals(tokenizer.encode("hole"), [1, 3, 2, 0]);
 * assertEquals(tokenizer.decode([1, 3, 2, 0]), "hole");
 * ```
 */
export class CharTokenizer implements TextTokenizer {
  /** The characters, by id. */
  readonly characters: readonly string[];
  /** The id of each special token. */
  readonly specialTokens: ReadonlyMap<string, number>;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #bytes: readonly Uint8Array[];
  readonly #encoder: PartEncoder;

  /**
   * Makes a tokenizer of given characters.
   *
   * @param characters The characters in the order of their ids.
   * @param options Special tokens.
   * @throws {RangeError} If one is not a single code point or is there twice, or there are none.
   */
  constructor(characters: Iterable<string>, options: CharTokenizerOptions = {}) {
    this.characters = Array.from(characters, (character) => character.toWellFormed());
    const ids = new Map<string, number>();
    for (const character of this.characters) {
      if ([...character].length !== 1 || ids.has(character)) {
        const reason = ids.has(character) ? "is there twice" : "is not one character";
        throw new RangeError(
          `Cannot make a character tokenizer: ${JSON.stringify(character)} ${reason}`,
        );
      }
      ids.set(character, ids.size);
    }
    if (ids.size === 0) {
      throw new RangeError(
        "Cannot make a character tokenizer: found no characters, needed at least one",
      );
    }
    const special = checkSpecialTokens(options.specialTokens ?? []);
    this.specialTokens = new Map(special.map((token, index) => [token, ids.size + index]));
    this.#ids = ids;
    this.#bytes = [...this.characters, ...special].map((token) => new TextEncoder().encode(token));
    this.#encoder = {
      specialTokens: this.specialTokens,
      finder: new SpecialTokenFinder(special),
      sink: (buffer) => this.#sink(buffer),
    };
  }

  /**
   * Makes a tokenizer of all the characters of a text, special tokens apart.
   *
   * @param text The text.
   * @param options Special tokens.
   * @returns The tokenizer.
   * @throws {RangeError} If the text has no characters outside special tokens.
   */
  static fromText(text: string, options: CharTokenizerOptions = {}): CharTokenizer {
    const found = new Set<number>();
    const collect: PartSink = {
      plain(whole, start, end) {
        for (let at = start; at < end;) {
          const codePoint = codePointAt(whole, at);
          found.add(codePoint);
          at += codePoint > 0xffff ? 2 : 1;
        }
      },
      special() {},
    };
    const special = checkSpecialTokens(options.specialTokens ?? []);
    split(text, new SpecialTokenFinder(special), collect);
    const sorted = [...found].sort((a, b) => a - b);
    return new CharTokenizer(sorted.map((codePoint) => String.fromCodePoint(codePoint)), options);
  }

  /**
   * Reads a tokenizer that {@linkcode CharTokenizer.toJson} wrote.
   *
   * @param json The file's text, or what `JSON.parse` made of it.
   * @returns The tokenizer.
   * @throws {SyntaxError} If it is not of that form.
   * @throws {RangeError} As the constructor.
   */
  static fromJson(json: string | object): CharTokenizer {
    const name = "character tokenizer";
    const file = asObject(parseJson(json, name), name);
    if (file.type !== CHAR_TOKENIZER_TYPE) {
      const found = describe(file.type);
      throw new SyntaxError(`Cannot read ${name}: its type is ${found}, needed "kindling-char"`);
    }
    const strings = (value: unknown) => asArray(value, name).map((item) => asString(item, name));
    return new CharTokenizer(strings(file.characters), {
      specialTokens: strings(file.special_tokens ?? []),
    });
  }

  /** How many tokens there are. */
  get vocabSize(): number {
    return this.#bytes.length;
  }

  /**
   * Encodes a text.
   *
   * @param text The text.
   * @param options Which special tokens to look for.
   * @returns Its token ids.
   * @throws {RangeError} If a character is not in the vocabulary; the message says which and where.
   */
  encode(text: string, options: EncodeOptions = {}): number[] {
    return toNumbers(this.encodeToArray(text, options));
  }

  /**
   * Encodes a text into a typed array, which takes less memory than
   * {@linkcode CharTokenizer.encode}.
   *
   * @param text The text.
   * @param options Which special tokens to look for.
   * @returns Its token ids.
   * @throws {RangeError} If a character is not in the vocabulary; the message says which and where.
   */
  encodeToArray(text: string, options: EncodeOptions = {}): Int32Array<ArrayBuffer> {
    return encodeText(text, this.#encoder, options);
  }

  /**
   * Counts the tokens of a text.
   *
   * @param text The text.
   * @param options Which special tokens to look for.
   * @returns How many ids {@linkcode CharTokenizer.encode} would return.
   * @throws {RangeError} If a character is not in the vocabulary; the message says which and where.
   */
  countTokens(text: string, options: EncodeOptions = {}): number {
    return countText(text, this.#encoder, options);
  }

  /**
   * Encodes a text that arrives in pieces, as strings or as bytes in UTF-8: the ids are those of the
   * whole text, wherever the pieces end.
   *
   * @param pieces The pieces of the text.
   * @param options Which special tokens to look for.
   * @returns The token ids, one after another.
   * @throws {RangeError} If a character is not in the vocabulary; the message says which and where.
   */
  encodeIterable(pieces: Iterable<TextPiece>, options?: EncodeOptions): Generator<number>;
  /** The same for pieces that arrive over time, and for files, each a text of its own. */
  encodeIterable(
    pieces: AsyncIterable<TextPiece> | TextFiles,
    options?: EncodeOptions,
  ): AsyncGenerator<number>;
  encodeIterable(
    pieces: Iterable<TextPiece> | AsyncIterable<TextPiece> | TextFiles,
    options: EncodeOptions = {},
  ): Generator<number> | AsyncGenerator<number> {
    if (isFiles(pieces)) return encodeFiles(pieces.files, this.#encoder, options);
    return isAsync(pieces)
      ? encodeAsyncPieces(pieces, this.#encoder, options)
      : encodePieces(pieces, this.#encoder, options);
  }

  /**
   * Encodes text of any size to a token file, in constant memory. Nothing is left half-written.
   *
   * @param source The path of a text file, several files, or texts.
   * @param path Where the token file is to be.
   * @param options What stands between texts, progress.
   * @returns How many tokens were written.
   * @throws {RangeError} If a character is not in the vocabulary, or the token between texts is not.
   * @throws {Error} If a file cannot be read or written.
   */
  encodeFile(source: TextSource, path: string, options: EncodeFileOptions = {}): Promise<number> {
    const { vocabSize } = this;
    return encodeToFile({ source, path, encoder: this.#encoder, vocabSize }, options);
  }

  /**
   * Decodes token ids.
   *
   * @param ids The token ids.
   * @returns Their text.
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
   * @param token A character or a special token, as text or as bytes in UTF-8.
   * @returns Its id, or undefined if there is no such token.
   */
  tokenToId(token: string | Uint8Array): number | undefined {
    const text = typeof token === "string" ? token : new TextDecoder().decode(token);
    return this.specialTokens.get(text) ?? this.#ids.get(text);
  }

  /**
   * Looks an id up.
   *
   * @param id A token id.
   * @returns The token's bytes in UTF-8; not to be changed.
   * @throws {RangeError} If there is no token with that id.
   */
  idToBytes(id: number): Uint8Array {
    const bytes = this.#bytes[id];
    if (bytes !== undefined) return bytes;
    throw new RangeError(
      `Cannot decode token id ${id}: the vocabulary has no such id, needed 0 to ${
        this.vocabSize - 1
      }`,
    );
  }

  /**
   * Lists the vocabulary.
   *
   * @returns The ids that there are, in order.
   */
  ids(): Iterable<number> {
    return this.#bytes.keys();
  }

  /**
   * Writes the tokenizer as JSON.
   *
   * @returns The text of a `tokenizer.json` file; {@linkcode CharTokenizer.fromJson} reads it.
   */
  toJson(): string {
    const file = {
      type: CHAR_TOKENIZER_TYPE,
      characters: this.characters,
      special_tokens: [...this.specialTokens.keys()],
    };
    return JSON.stringify(file) + "\n";
  }

  #sink(ids: IdBuffer): PartSink {
    let position = 0;
    return {
      plain: (text, start, end) => {
        for (let at = start; at < end;) {
          const codePoint = codePointAt(text, at);
          const id = this.#ids.get(String.fromCodePoint(codePoint));
          if (id === undefined) throw this.#unknown(codePoint, position + at - start);
          ids.push(id);
          at += codePoint > 0xffff ? 2 : 1;
        }
        position += end - start;
      },
      special: (token) => {
        ids.push(this.specialTokens.get(token)!);
        position += token.length;
      },
    };
  }

  #unknown(codePoint: number, position: number): RangeError {
    const hex = codePoint.toString(16).toUpperCase().padStart(4, "0");
    const character = JSON.stringify(String.fromCodePoint(codePoint));
    return new RangeError(
      `Cannot encode ${character} (U+${hex}) at position ${position}: ` +
        `the vocabulary of ${this.characters.length} characters has no such one`,
    );
  }
}

/** The code point at a place; U+FFFD for half a surrogate pair. */
function codePointAt(text: string, at: number): number {
  const codePoint = text.codePointAt(at)!;
  return codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint;
}
