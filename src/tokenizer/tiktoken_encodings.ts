/**
 * What tiktoken's published rank files leave out: the pattern and the special tokens, by file name.
 *
 * @module
 */

import type { PatternName } from "./patterns/pattern.ts";

/** The pattern and the special tokens of an encoding. */
export interface TiktokenEncoding {
  readonly pattern: PatternName;
  /** The id of each special token. */
  readonly specialTokens: Readonly<Record<string, number>>;
}

/** The encodings, as tiktoken's `openai_public.py` defines them. */
export const TIKTOKEN_ENCODINGS: ReadonlyMap<string, TiktokenEncoding> = new Map([
  ["r50k_base", { pattern: "gpt2", specialTokens: { "<|endoftext|>": 50256 } }],
  ["p50k_base", { pattern: "gpt2", specialTokens: { "<|endoftext|>": 50256 } }],
  ["cl100k_base", {
    pattern: "cl100k",
    specialTokens: {
      "<|endoftext|>": 100257,
      "<|fim_prefix|>": 100258,
      "<|fim_middle|>": 100259,
      "<|fim_suffix|>": 100260,
      "<|endofprompt|>": 100276,
    },
  }],
  ["o200k_base", {
    pattern: "o200k",
    specialTokens: { "<|endoftext|>": 199999, "<|endofprompt|>": 200018 },
  }],
]);
