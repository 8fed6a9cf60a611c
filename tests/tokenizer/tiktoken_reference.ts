/** Vocabularies as the npm package tiktoken ships them, and its encoder, for comparison. */

import cl100kJson from "npm:tiktoken@1.0.22/encoders/cl100k_base.json" with { type: "json" };
import o200kJson from "npm:tiktoken@1.0.22/encoders/o200k_base.json" with { type: "json" };
import r50kJson from "npm:tiktoken@1.0.22/encoders/r50k_base.json" with { type: "json" };
import { Tiktoken } from "npm:tiktoken@1.0.22";
import { Tokenizer } from "../../src/tokenizer/bpe.ts";
import type { PatternName } from "../../src/tokenizer/patterns/pattern.ts";

interface RankFile {
  readonly bpe_ranks: string;
  readonly pat_str: string;
  readonly special_tokens: Record<string, number>;
}

// The package's types describe its JavaScript files and are found for the JSON files too.
const FILES = {
  r50k: [r50kJson as unknown as RankFile, "gpt2"],
  cl100k: [cl100kJson as unknown as RankFile, "cl100k"],
  o200k: [o200kJson as unknown as RankFile, "o200k"],
} as const satisfies Record<string, readonly [RankFile, PatternName]>;

/** The vocabularies there are. */
export type Encoding = keyof typeof FILES;

const references = new Map<Encoding, Tiktoken>();
const tokenizers = new Map<Encoding, Tokenizer>();

/** tiktoken's own encoder. */
export function tiktoken(encoding: Encoding): Tiktoken {
  const [{ bpe_ranks, special_tokens, pat_str }] = FILES[encoding];
  const made = references.get(encoding) ?? new Tiktoken(bpe_ranks, special_tokens, pat_str);
  references.set(encoding, made);
  return made;
}

/** Our tokenizer with the same vocabulary. */
export function likeTiktoken(encoding: Encoding): Tokenizer {
  const [{ bpe_ranks, special_tokens }, pattern] = FILES[encoding];
  const made = tokenizers.get(encoding) ??
    Tokenizer.fromTiktoken(bpe_ranks, { pattern, specialTokens: special_tokens });
  tokenizers.set(encoding, made);
  return made;
}
