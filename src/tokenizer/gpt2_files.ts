/**
 * The two files that GPT-2's tokenizer came in, both in its printable byte encoding: a JSON object of
 * ids by token, and a list of merges, one a line.
 *
 * @module
 */

import { fromPrintable, toPrintable } from "./byte_alphabet.ts";
import { asObject, asTokenId, parseJson } from "./json_checks.ts";
import type { Merge } from "./merge_rules.ts";
import type { TokenizerContents } from "./tokenizer_contents.ts";

/** Options of {@linkcode parseVocab}. */
export interface ParseVocabOptions {
  /** The file's name, for error messages. */
  readonly name: string;
  /** Special tokens: where the vocabulary has one, it may stand there as it is. */
  readonly specialTokens: Iterable<string>;
}

/**
 * Reads a vocabulary.
 *
 * @param json Its text, or what `JSON.parse` made of it.
 * @param options Its name, and special tokens.
 * @returns The bytes of each token id.
 * @throws {SyntaxError} If it is not of that form, or has an id twice.
 */
export function parseVocab(
  json: string | object,
  options: ParseVocabOptions,
): Map<number, Uint8Array> {
  const name = `vocabulary ${JSON.stringify(options.name)}`;
  const special = new Set(options.specialTokens);
  const vocab = new Map<number, Uint8Array>();
  for (const [token, value] of Object.entries(asObject(parseJson(json, name), name))) {
    const id = asTokenId(value, `${name} at ${JSON.stringify(token)}`);
    if (vocab.has(id)) throw new SyntaxError(`Cannot read ${name}: it has id ${id} twice`);
    vocab.set(id, special.has(token) ? new TextEncoder().encode(token) : toBytes(token, name));
  }
  return vocab;
}

/** Options of {@linkcode parseMerges}. */
export interface ParseMergesOptions {
  /** The file's name, for error messages. */
  readonly name: string;
}

/**
 * Reads a list of merges; a first line that begins with `#version` is passed over, as are empty ones.
 *
 * @param text The file's text.
 * @param options Its name.
 * @returns The pairs of tokens in order.
 * @throws {SyntaxError} If a line is not two tokens with a blank between.
 */
export function parseMerges(
  text: string,
  options: ParseMergesOptions,
): [Uint8Array, Uint8Array][] {
  const name = `merges ${JSON.stringify(options.name)}`;
  const merges: [Uint8Array, Uint8Array][] = [];
  text.replace(/^\uFEFF/, "").split(/\r?\n/).forEach((line, index) => {
    if (line === "" || (index === 0 && line.startsWith("#version"))) return;
    merges.push(parseMerge(line, `${name}, line ${index + 1}`));
  });
  return merges;
}

/** Reads one merge: two tokens with a blank between. */
export function parseMerge(line: string, name: string): [Uint8Array, Uint8Array] {
  const [left, right, ...rest] = line.split(" ");
  if (left && right && rest.length === 0) return [toBytes(left, name), toBytes(right, name)];
  throw new SyntaxError(
    `Cannot read ${name}: found ${JSON.stringify(line)}, needed two tokens with a blank between`,
  );
}

/** A token's bytes; `name` is for the error message. */
export function toBytes(token: string, name: string): Uint8Array {
  const bytes = fromPrintable(token);
  if (bytes !== undefined) return bytes;
  throw new SyntaxError(
    `Cannot read ${name}: token ${JSON.stringify(token)} is not in GPT-2's printable byte encoding`,
  );
}

/**
 * The ids by token as `vocab.json` has them, special tokens as they are and all others in the
 * printable byte encoding. A special token that looks like another token gives way to it, and of ids
 * with the same bytes there is only the one that encoding uses.
 */
export function vocabEntries(contents: TokenizerContents): Map<string, number> {
  const { vocabulary, specialTokens } = contents;
  const special = new Set(specialTokens.values());
  const entries = new Map([...specialTokens].sort(([, a], [, b]) => a - b));
  for (const id of vocabulary.ids()) {
    const bytes = vocabulary.bytesOf(id)!;
    if (!special.has(id)) entries.set(toPrintable(bytes), vocabulary.idOf(bytes));
  }
  return entries;
}

/** Writes `vocab.json`. */
export function formatVocab(contents: TokenizerContents): string {
  return JSON.stringify(Object.fromEntries(vocabEntries(contents))) + "\n";
}

/** Writes `merges.txt`. */
export function formatMerges(merges: readonly Merge[], version: boolean): string {
  return [...(version ? ["#version: 0.2"] : []), ...merges.map(formatMerge), ""].join("\n");
}

/** One merge as a line. */
export function formatMerge([left, right]: Merge): string {
  return `${toPrintable(left)} ${toPrintable(right)}`;
}
