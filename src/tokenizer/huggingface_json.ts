/**
 * Hugging Face's `tokenizer.json`, as far as it describes byte-level BPE with GPT-2's pattern.
 *
 * @module
 */

import { toPrintable } from "./byte_alphabet.ts";
import { parseMerge, toBytes } from "./gpt2_files.ts";
import {
  asArray,
  asObject,
  asString,
  asTokenId,
  describe,
  type JsonObject,
  parseJson,
} from "./json_checks.ts";

const FILE = "tokenizer.json";

/** What a `tokenizer.json` says. */
export interface TokenizerParts {
  /** The bytes of each token id. */
  readonly vocab: Map<number, Uint8Array>;
  /** Pairs of tokens, in the order they were learned. */
  readonly merges: [Uint8Array, Uint8Array][];
  /** The contents of its added tokens. */
  readonly specialTokens: string[];
}

/**
 * Reads a `tokenizer.json`.
 *
 * @param json The file's text, or what `JSON.parse` made of it.
 * @returns Its vocabulary, merges and special tokens.
 * @throws {SyntaxError} If it is not of that form, or asks for what is not supported.
 */
export function parseTokenizerJson(json: string | object): TokenizerParts {
  const file = asObject(parseJson(json, FILE), FILE);
  const model = asObject(file.model, `${FILE} model`);
  checkSupported(file, model);

  const added = parseAddedTokens(file.added_tokens ?? []);
  const vocab = new Map<number, Uint8Array>();
  const add = (id: number, bytes: Uint8Array) => {
    if (vocab.has(id)) throw new SyntaxError(`Cannot read ${FILE}: it has id ${id} twice`);
    vocab.set(id, bytes);
  };
  for (const [token, id] of added) add(id, new TextEncoder().encode(token));
  for (const [token, value] of Object.entries(asObject(model.vocab, `${FILE} vocabulary`))) {
    const id = asTokenId(value, `${FILE} vocabulary at ${JSON.stringify(token)}`);
    // Added tokens stand as they are; all others are in the printable byte encoding.
    if (added.get(token) !== id) add(id, toBytes(token, FILE));
  }
  const merges = asArray(model.merges, `${FILE} merges`).map((merge, index) => {
    const name = `${FILE}, merge ${index + 1}`;
    // Since 2024 a merge is written as an array of two tokens.
    const line = Array.isArray(merge) ? merge.join(" ") : asString(merge, name);
    return parseMerge(line, name);
  });
  return { vocab, merges, specialTokens: [...added.keys()] };
}

/** The ids of the added tokens by their text. */
function parseAddedTokens(value: unknown): Map<string, number> {
  const added = new Map<string, number>();
  for (const item of asArray(value, `${FILE} added tokens`)) {
    const token = asObject(item, `${FILE} added token`);
    const content = asString(token.content, `${FILE} added token`);
    for (const flag of ["lstrip", "rstrip", "single_word"]) {
      if (token[flag] === true) unsupported(`added token ${JSON.stringify(content)}`, flag);
    }
    added.set(content, asTokenId(token.id, `${FILE} added token ${JSON.stringify(content)}`));
  }
  return added;
}

function checkSupported(file: JsonObject, model: JsonObject): void {
  if (model.type !== "BPE") unsupported("model", describe(model.type), '"BPE"');
  for (const flag of ["byte_fallback", "ignore_merges"]) {
    if (model[flag] === true) unsupported("model", flag);
  }
  for (const affix of ["continuing_subword_prefix", "end_of_word_suffix"]) {
    if (model[affix]) unsupported("model", affix);
  }
  if (file.normalizer) unsupported("normalizer", describe(file.normalizer), "none");
  const pretokenizer = asObject(file.pre_tokenizer, `${FILE} pre-tokenizer`);
  if (pretokenizer.type !== "ByteLevel" || pretokenizer.use_regex === false) {
    unsupported("pre-tokenizer", describe(pretokenizer.type), "ByteLevel with GPT-2's pattern");
  }
  if (pretokenizer.add_prefix_space === true) unsupported("pre-tokenizer", "add_prefix_space");
}

function unsupported(where: string, found: string, needed: string = `no ${found}`): never {
  throw new SyntaxError(`Cannot read ${FILE}: its ${where} has ${found}, needed ${needed}`);
}

/** What {@linkcode formatTokenizerJson} writes. */
export interface FormatOptions {
  /** The bytes of each token, by id; ids may be missing. */
  readonly vocab: readonly (Uint8Array | undefined)[];
  /** Pairs of tokens, in the order they were learned. */
  readonly merges: readonly (readonly [Uint8Array, Uint8Array])[];
  /** The id of each special token. */
  readonly specialTokens: ReadonlyMap<string, number>;
}

/**
 * Writes a `tokenizer.json`.
 *
 * @param options The tokenizer's parts.
 * @returns The file's text.
 */
export function formatTokenizerJson(options: FormatOptions): string {
  const added = [...options.specialTokens].sort(([, a], [, b]) => a - b);
  const isAdded = new Set(options.specialTokens.values());
  const vocab: Record<string, number> = Object.fromEntries(added);
  // A special token that looks like another token gives way: it is among the added tokens too.
  options.vocab.forEach((bytes, id) => {
    if (bytes !== undefined && !isAdded.has(id)) vocab[toPrintable(bytes)] = id;
  });
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true };
  const file = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added.map(([content, id]) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { ...byteLevel, use_regex: true },
    post_processor: null,
    decoder: { ...byteLevel, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: options.merges.map(([left, right]) => `${toPrintable(left)} ${toPrintable(right)}`),
    },
  };
  return JSON.stringify(file, null, 2) + "\n";
}
