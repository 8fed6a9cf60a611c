/** GPT-2's vocabulary as the npm package tiktoken ships it, for comparison. */

import gpt2Json from "npm:tiktoken@1.0.22/encoders/gpt2.json" with { type: "json" };
import { Tiktoken } from "npm:tiktoken@1.0.22";
import { Tokenizer } from "../../src/tokenizer/bpe.ts";

interface RankFile {
  readonly bpe_ranks: string;
  readonly pat_str: string;
  readonly special_tokens: Record<string, number>;
}

// The package's types describe its JavaScript files and are found for the JSON file too.
const gpt2 = gpt2Json as unknown as RankFile;

/** tiktoken's own encoder. */
export function tiktoken(): Tiktoken {
  return new Tiktoken(gpt2.bpe_ranks, gpt2.special_tokens, gpt2.pat_str);
}

/** Our tokenizer with the same vocabulary. */
export function gpt2Tokenizer(): Tokenizer {
  const [, firstRank, ...tokens] = gpt2.bpe_ranks.split(" ");
  const keys = tokens.map((token) => atob(token));
  const ranks = new Map(keys.map((key, index) => [key, Number(firstRank) + index]));
  const merges: [Uint8Array, Uint8Array][] = [];
  for (const key of keys) {
    if (key.length > 1) merges.push(lastMerge(key, ranks));
  }
  const vocab = new Map([...ranks].map(([key, rank]) => [rank, toBytes(key)]));
  return new Tokenizer(vocab, merges, Object.keys(gpt2.special_tokens));
}

/** The two tokens that a token was made of: what merging by rank comes to before its own merge. */
function lastMerge(key: string, ranks: Map<string, number>): [Uint8Array, Uint8Array] {
  let parts = [...key];
  while (parts.length > 2) {
    let best = -1;
    let bestRank = Infinity;
    for (let i = 0; i + 1 < parts.length; i++) {
      const rank = ranks.get(parts[i]! + parts[i + 1]!) ?? Infinity;
      if (rank < bestRank) [best, bestRank] = [i, rank];
    }
    parts = [...parts.slice(0, best), parts[best]! + parts[best + 1]!, ...parts.slice(best + 2)];
  }
  return [toBytes(parts[0]!), toBytes(parts[1]!)];
}

function toBytes(key: string): Uint8Array {
  return Uint8Array.from(key, (character) => character.charCodeAt(0));
}
