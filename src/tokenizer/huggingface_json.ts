/**
 * Hugging Face's `tokenizer.json`, as far as it describes byte-level BPE with one of the patterns.
 *
 * @module
 */

import { formatMerge, parseMerge, toBytes, vocabEntries } from "./gpt2_files.ts";
import {
  asArray,
  asObject,
  asString,
  asTokenId,
  describe,
  type JsonObject,
  parseJson,
} from "./json_checks.ts";

import { patternOfSource, PATTERNS } from "./patterns/mod.ts";
import type { PatternName } from "./patterns/pattern.ts";
import type { TokenizerContents } from "./tokenizer_contents.ts";

const FILE = "tokenizer.json";

/** What a `tokenizer.json` says. */
export interface TokenizerParts {
  /** The bytes of each token id. */
  readonly vocab: Map<number, Uint8Array>;
  /** Pairs of tokens, in the order they were learned. */
  readonly merges: [Uint8Array, Uint8Array][];
  /** The contents of its added tokens. */
  readonly specialTokens: string[];
  /** What cuts text into words, and whether words that are tokens are taken whole. */
  readonly options: { readonly pattern: PatternName; readonly ignoreMerges: boolean };
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
  const pattern = parsePattern(asObject(file.pre_tokenizer, `${FILE} pre-tokenizer`));

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
  const options = { pattern, ignoreMerges: model.ignore_merges === true };
  return { vocab, merges, specialTokens: [...added.keys()], options };
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
  if (model.byte_fallback === true) unsupported("model", "byte_fallback");
  for (const affix of ["continuing_subword_prefix", "end_of_word_suffix"]) {
    if (model[affix]) unsupported("model", affix);
  }
  if (file.normalizer) unsupported("normalizer", describe(file.normalizer), "none");
}

/**
 * The pattern: GPT-2's by itself is a ByteLevel pre-tokenizer; any other stands before it in a
 * sequence, as Split.
 */
function parsePattern(pretokenizer: JsonObject): PatternName {
  const steps = pretokenizer.type === "Sequence"
    ? asArray(pretokenizer.pretokenizers, `${FILE} pre-tokenizer`)
    : [pretokenizer];
  const objects = steps.map((step) => asObject(step, `${FILE} pre-tokenizer`));
  const [byteLevel, split] = [objects.at(-1), objects.at(-2)];
  const types = objects.map(({ type }) => type).join(", ");
  if (byteLevel?.type !== "ByteLevel" || objects.length > 2) {
    unsupported("pre-tokenizer", describe(types), "ByteLevel, or Split and ByteLevel");
  }
  if (byteLevel.add_prefix_space === true) unsupported("pre-tokenizer", "add_prefix_space");
  if (split === undefined) {
    if (byteLevel.use_regex === false) unsupported("pre-tokenizer", "no pattern", "one");
    return "gpt2";
  }
  const regex = asObject(split.pattern ?? {}, `${FILE} pre-tokenizer pattern`).Regex;
  const pattern = typeof regex === "string" ? patternOfSource(regex) : undefined;
  const isSupported = split.type === "Split" && split.behavior !== "Removed" &&
    split.invert !== true && byteLevel.use_regex === false && pattern !== undefined;
  if (isSupported) return pattern.name;
  unsupported(
    "pre-tokenizer",
    describe(pattern === undefined ? regex : split),
    `the pattern of ${Object.keys(PATTERNS).join(", ")}, isolated`,
  );
}

function unsupported(where: string, found: string, needed: string = `no ${found}`): never {
  throw new SyntaxError(`Cannot read ${FILE}: its ${where} has ${found}, needed ${needed}`);
}

/**
 * Writes a `tokenizer.json`.
 *
 * @param contents The tokenizer's parts.
 * @returns The file's text.
 */
export function formatTokenizerJson(
  contents: TokenizerContents & { readonly pattern: PatternName },
): string {
  const { specialTokens, merges, ignoreMerges, pattern } = contents;
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true };
  const file = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [...specialTokens].sort(([, a], [, b]) => a - b).map(([content, id]) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    // ByteLevel has GPT-2's pattern too, but in JavaScript with another idea of white space.
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        {
          type: "Split",
          pattern: { Regex: PATTERNS[pattern].source },
          behavior: "Isolated",
          invert: false,
        },
        { ...byteLevel, use_regex: false },
      ],
    },
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
      ignore_merges: ignoreMerges,
      vocab: Object.fromEntries(vocabEntries(contents)),
      merges: merges.map(formatMerge),
    },
  };
  return JSON.stringify(file, null, 2) + "\n";
}
