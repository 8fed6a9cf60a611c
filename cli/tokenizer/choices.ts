/** Options that several commands have. */

import type { PatternName } from "../../src/tokenizer/patterns/pattern.ts";
import type { TokenizerFormat } from "../../src/tokenizer/tokenizer_files.ts";

/** The formats that a tokenizer can be written in. */
export const FORMATS = [
  "huggingface",
  "gpt2",
  "cs336",
  "tiktoken",
] as const satisfies readonly TokenizerFormat[];

/** The patterns that cut words. */
const PATTERNS = ["gpt2", "cl100k", "o200k"] as const satisfies readonly PatternName[];

/** `--pattern`. */
export const patternOption = {
  type: "string",
  choices: PATTERNS,
  default: "gpt2",
  description: "How text is cut into words that merges stay within",
} as const;

/** `--workers`. */
export const workersOption = {
  type: "integer",
  min: 1,
  description: "Threads to use; by default one for each processor",
} as const;

/** The positional argument that names a tokenizer. */
export const tokenizerArgument = {
  required: true,
  description: "A tokenizer.json or .tiktoken file, or a directory with a tokenizer",
} as const;
