/**
 * tiktoken's rank files: a token a line, in Base64, and its rank. A token's rank is its id and says
 * when it was learned; which two tokens it was made of has to be worked out.
 *
 * @module
 */

import { fromKey, toKey } from "./byte_alphabet.ts";
import type { Merge } from "./merge_rules.ts";
import { mergeWord } from "./merge_word.ts";
import { PairTable } from "./pair_table.ts";
import type { TokenizerContents } from "./tokenizer_contents.ts";
import { Vocabulary } from "./vocabulary.ts";

const NAME = "tiktoken ranks";

/** What a rank file says. */
export interface TiktokenParts {
  /** The bytes of each token id. */
  readonly vocab: Map<number, Uint8Array>;
  /** The merges that make the tokens, in the order of their ranks. */
  readonly merges: Merge[];
  /** Whether some tokens are not made by merging two others: they only ever stand for whole words. */
  readonly hasOrphans: boolean;
}

/**
 * Reads a rank file. The lines of some versions of the format hold many tokens: `! 0 IQ== Ig==` are
 * the tokens of rank 0 and 1.
 *
 * @param text The file's text.
 * @returns The vocabulary and the merges.
 * @throws {SyntaxError} If it is not of that form, or has a rank or a token twice.
 */
export function parseTiktoken(text: string): TiktokenParts {
  const vocab = new Map<number, Uint8Array>();
  const seen = new Set<string>();
  const add = (base64: string, rank: number, line: number) => {
    const name = `${NAME}, line ${line}`;
    const key = decodeBase64(base64, name);
    if (vocab.has(rank)) throw new SyntaxError(`Cannot read ${name}: it has rank ${rank} again`);
    if (seen.has(key)) throw new SyntaxError(`Cannot read ${name}: it has token ${base64} again`);
    seen.add(key);
    vocab.set(rank, fromKey(key));
  };
  text.replace(/^\uFEFF/, "").split(/\r?\n/).forEach((line, index) => {
    if (line === "") return;
    const words = line.split(" ");
    if (words[0] === "!" && /^\d+$/.test(words[1] ?? "")) {
      words.slice(2).forEach((word, offset) => add(word, Number(words[1]) + offset, index + 1));
    } else if (words.length === 2 && /^\d+$/.test(words[1]!)) {
      add(words[0]!, Number(words[1]), index + 1);
    } else {
      throw new SyntaxError(
        `Cannot read ${NAME}, line ${index + 1}: found ${JSON.stringify(line.slice(0, 60))}, ` +
          "needed a token in Base64, a blank and its rank",
      );
    }
  });
  if (vocab.size === 0) throw new SyntaxError(`Cannot read ${NAME}: there are no tokens`);
  return { vocab, ...mergesOf(vocab) };
}

/** Bytes in Base64, as a key (see `toKey`). */
function decodeBase64(base64: string, name: string): string {
  try {
    const key = atob(base64);
    if (key !== "") return key;
  } catch {
    // Told below.
  }
  throw new SyntaxError(`Cannot read ${name}: found ${JSON.stringify(base64)}, needed Base64`);
}

/**
 * The merge that makes each token: the two parts that are left when its bytes are merged by the
 * merges of lower rank.
 */
function mergesOf(vocab: ReadonlyMap<number, Uint8Array>): Omit<TiktokenParts, "vocab"> {
  const vocabulary = new Vocabulary();
  const ranks = [...vocab.keys()].sort((a, b) => a - b);
  for (const rank of ranks) vocabulary.add(rank, vocab.get(rank)!);
  const byteTokens = Array.from({ length: 256 }, (_, b) => vocabulary.idOf(Uint8Array.of(b)));
  const rules = { ranks: new PairTable(ranks.length), merged: new Int32Array(ranks.length) };
  const merges: Merge[] = [];
  let hasOrphans = false;
  let parts = new Int32Array(256);
  for (const rank of ranks) {
    const bytes = vocab.get(rank)!;
    if (bytes.length === 1) continue;
    if (bytes.length > parts.length) parts = new Int32Array(2 * bytes.length);
    let isKnown = true;
    for (let i = 0; i < bytes.length; i++) {
      parts[i] = byteTokens[bytes[i]!]!;
      isKnown &&= parts[i] !== -1;
    }
    if (!isKnown || mergeWord(parts, bytes.length, rules) !== 2) {
      hasOrphans = true;
      continue;
    }
    rules.ranks.set(parts[0]!, parts[1]!, merges.length);
    rules.merged[merges.length] = rank;
    merges.push([vocab.get(parts[0]!)!, vocab.get(parts[1]!)!]);
  }
  return { merges, hasOrphans };
}

/**
 * Writes a rank file.
 *
 * @param contents The tokenizer's parts.
 * @param merged The id that each merge makes.
 * @returns The file's text.
 * @throws {RangeError} If those ids do not rise.
 */
export function formatTiktoken(contents: TokenizerContents, merged: Int32Array): string {
  const { vocabulary, specialTokens } = contents;
  const falling = merged.findIndex((id, rank) => rank > 0 && id <= merged[rank - 1]!);
  if (falling !== -1) {
    throw new RangeError(
      `Cannot write ${NAME}: merge ${falling + 1} makes token ${merged[falling]}, ` +
        `needed one above ${merged[falling - 1]}, as merge ${falling} makes`,
    );
  }
  const special = new Set(specialTokens.values());
  let text = "";
  for (const id of vocabulary.ids()) {
    const bytes = vocabulary.bytesOf(id)!;
    if (special.has(id) || vocabulary.idOf(bytes) !== id) continue;
    text += `${btoa(toKey(bytes))} ${id}\n`;
  }
  return text;
}
