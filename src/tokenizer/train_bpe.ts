/**
 * Learns a byte-level BPE vocabulary from text (Sennrich, Haddow and Birch, 2016, on bytes as in
 * GPT-2), equal to the letter to CS336's reference.
 *
 * @module
 */

import { readTextChunks } from "../platform/files.ts";
import { BYTE_ORDER } from "./byte_alphabet.ts";
import { checkSpecialTokens, SpecialTokenFinder } from "./special_tokens.ts";
import { ownCopy, type PartSink, StreamSplitter } from "./split.ts";
import { WordMerger } from "./word_merger.ts";

/** What {@linkcode trainBpe} learns; {@linkcode Tokenizer} takes both parts. */
export interface TrainedBpe {
  /**
   * The bytes of each token id: the special tokens first, in the order given, then the 256 single
   * bytes in GPT-2's order (visible characters first), then what each merge makes.
   */
  readonly vocab: Map<number, Uint8Array>;
  /** The pairs of tokens merged, in the order they were learned. */
  readonly merges: [Uint8Array, Uint8Array][];
}

/** What {@linkcode trainBpe} learns from: the path of a text file, several of them, or texts. */
export type TrainingText =
  | string
  | { readonly files: readonly string[] }
  | Iterable<string>
  | AsyncIterable<string>;

/** How far training is, as {@linkcode TrainBpeOptions.onProgress} is told. */
export interface TrainBpeProgress {
  /** `count` while words are counted, `merge` while merges are learned. */
  readonly phase: "count" | "merge";
  /** Characters read so far (UTF-16 code units), or merges learned so far. */
  readonly done: number;
  /** Merges to learn; undefined while words are counted. */
  readonly total?: number;
}

/** Options of {@linkcode trainBpe}. */
export interface TrainBpeOptions {
  /** How many tokens the vocabulary is to have: special tokens, 256 bytes and merges together. */
  readonly vocabSize: number;
  /** Tokens such as `<|endoftext|>` that text is split at, so that no merge crosses one. */
  readonly specialTokens?: readonly string[];
  /** A pair that occurs less often than this is not merged. Default 1. */
  readonly minFrequency?: number;
  /** A token has at most this many bytes. Default: no limit. */
  readonly maxTokenLength?: number;
  /** Is told a few times a second how far training is. */
  readonly onProgress?: (progress: TrainBpeProgress) => void;
  /** Ends training early: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Learns a byte-level BPE vocabulary: splits text at special tokens and, by GPT-2's pattern, into
 * words, then merges the most frequent pair of neighbouring tokens until the vocabulary is full. Of
 * equally frequent pairs, the lexicographically greater pair of byte strings is merged.
 *
 * The vocabulary is smaller than asked for if no pair is left to merge.
 *
 * @example Learn the vocabulary of a small text
 * ```ts
 * import { Tokenizer, trainBpe } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const { vocab, merges } = await trainBpe(["low low low lower lowest"], {
 *   vocabSize: 260,
 *   specialTokens: ["<|endoftext|>"],
 * });
 * assertEquals(vocab.size, 260);
 * const tokenizer = new Tokenizer(vocab, merges, ["<|endoftext|>"]);
 * assertEquals(tokenizer.decode(tokenizer.encode("lowest")), "lowest");
 * ```
 *
 * @param source The text: files or texts; no word crosses from one to the next.
 * @param options The size of the vocabulary, special tokens and limits.
 * @returns The vocabulary and the merges.
 * @throws {RangeError} If the vocabulary size is below 256 + special tokens, an option is out of
 * range, or there is no text outside special tokens.
 * @throws {Error} If the file cannot be read.
 */
export async function trainBpe(
  source: TrainingText,
  options: TrainBpeOptions,
): Promise<TrainedBpe> {
  const { vocabSize, minFrequency = 1, maxTokenLength = Infinity } = options;
  const specialTokens = checkSpecialTokens(options.specialTokens ?? []);
  checkSizes(vocabSize, specialTokens.length);
  checkAtLeast("minFrequency", minFrequency, 1);
  checkAtLeast("maxTokenLength", maxTokenLength, 1);

  const pause = new Pauses(options);
  const words = await countWords(source, specialTokens, pause);
  const encoder = new TextEncoder();
  const vocab = new Map<number, Uint8Array>();
  for (const token of specialTokens) vocab.set(vocab.size, encoder.encode(token));
  for (const byte of BYTE_ORDER) vocab.set(vocab.size, Uint8Array.of(byte));

  const merger = new WordMerger(words, { maxTokenLength });
  const merges: [Uint8Array, Uint8Array][] = [];
  const total = vocabSize - vocab.size;
  while (merges.length < total) {
    const pair = merger.mergeNext(minFrequency);
    if (pair === undefined) break;
    merges.push(pair);
    vocab.set(vocab.size, concatenate(pair));
    await pause.ifDue({ phase: "merge", done: merges.length, total });
  }
  return { vocab, merges };
}

/** How often each pre-token occurs, in the order of their first occurrence. */
async function countWords(
  source: TrainingText,
  specialTokens: readonly string[],
  pause: Pauses,
): Promise<Map<string, number>> {
  const words = new WordCounts();
  const splitter = new StreamSplitter(new SpecialTokenFinder(specialTokens), words);
  const files = typeof source === "string"
    ? [source]
    : "files" in source
    ? source.files
    : undefined;
  let done = 0;
  const count = async (pieces: Iterable<string> | AsyncIterable<string>) => {
    for await (const piece of pieces) {
      splitter.push(piece);
      if (files === undefined) splitter.end();
      done += piece.length;
      await pause.ifDue({ phase: "count", done });
    }
    splitter.end();
  };
  for (const path of files ?? []) await count(readTextChunks(path));
  if (files === undefined) await count(source as Iterable<string> | AsyncIterable<string>);
  if (words.counts.size === 0) {
    const found = done === 0 ? "the text is empty" : "the text has nothing but special tokens";
    throw new RangeError(`Cannot train a tokenizer: ${found}, needed at least one character`);
  }
  return words.counts;
}

class WordCounts implements PartSink {
  readonly counts = new Map<string, number>();

  pretoken(text: string, start: number, end: number): void {
    const word = text.slice(start, end);
    const count = this.counts.get(word);
    if (count !== undefined) this.counts.set(word, count + 1);
    else this.counts.set(ownCopy(word), 1);
  }

  special(): void {}
}

/** Lets the event loop run a few times a second, so that progress is shown and Ctrl-C works. */
class Pauses {
  readonly #options: TrainBpeOptions;
  #last = performance.now();

  constructor(options: TrainBpeOptions) {
    this.#options = options;
    options.signal?.throwIfAborted();
  }

  async ifDue(progress: TrainBpeProgress): Promise<void> {
    if (performance.now() - this.#last < 100) return;
    this.#options.onProgress?.(progress);
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#options.signal?.throwIfAborted();
    this.#last = performance.now();
  }
}

function concatenate([left, right]: readonly [Uint8Array, Uint8Array]): Uint8Array {
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}

function checkSizes(vocabSize: number, specialCount: number): void {
  const least = 256 + specialCount;
  if (Number.isInteger(vocabSize) && vocabSize >= least) return;
  throw new RangeError(
    `Cannot train a tokenizer with a vocabulary of ${vocabSize} tokens: ` +
      `needed an integer of at least ${least}, for 256 bytes and ${specialCount} special tokens`,
  );
}

function checkAtLeast(name: string, value: number, least: number): void {
  if (value >= least) return;
  throw new RangeError(`Cannot train a tokenizer with ${name} ${value}: needed at least ${least}`);
}
