/**
 * Text of any size as chunks that can be worked on one by one, in any order: every chunk ends where
 * no word and no special token goes on.
 *
 * @module
 */

import { fileSize, readChunks } from "../platform/files.ts";
import type { SpecialTokenFinder } from "./special_tokens.ts";
import { isFiles, type TextFiles, TextGatherer, type TextPiece } from "./text_source.ts";

/** About so much text is worked on at a time, in bytes: a few milliseconds' work. */
export const CHUNK: number = 1 << 16;

/** Where text comes from: the path of a file, several files, or texts, each a text of its own. */
export type TextSource = string | TextFiles | Iterable<string> | AsyncIterable<string>;

/** A part of a text that can be worked on by itself. */
export interface TextPart {
  /** The part, in UTF-8; what is malformed counts as U+FFFD. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether a text begins here that has to be separated from the one before. */
  readonly beginsNext: boolean;
}

/** Parts that are worked on together, to save messages. */
export interface TextChunk {
  /** The parts, in order. */
  readonly parts: readonly TextPart[];
  /** How much was read up to here: bytes of files, or UTF-16 code units of texts. */
  readonly done: number;
}

/** The size of a source in bytes, if it can be known: undefined unless it is files. */
export async function sourceSize(source: TextSource): Promise<number | undefined> {
  const files = filesOf(source);
  if (files === undefined) return undefined;
  let size = 0;
  for (const path of files) size += await fileSize(path, { what: "text file" });
  return size;
}

/**
 * Cuts a source into chunks.
 *
 * @param source Where the text comes from.
 * @param finder Finds the special tokens that must not be cut.
 * @param separator What texts may end with, to stand between them already.
 * @returns The chunks in order.
 */
export async function* textChunks(
  source: TextSource,
  finder: SpecialTokenFinder,
  separator?: string,
): AsyncGenerator<TextChunk> {
  let parts: TextPart[] = [];
  let length = 0;
  let done = 0;
  /** The last bytes, which a separator would be among. */
  let tail: Uint8Array | undefined;
  const separatorBytes = separator === undefined ? undefined : new TextEncoder().encode(separator);
  const chunk = (): TextChunk => {
    const full = { parts, done };
    parts = [];
    length = 0;
    return full;
  };
  for await (const pieces of texts(source)) {
    const gatherer = new TextGatherer(finder);
    let begins = tail !== undefined && !endsWith(tail, separatorBytes);
    const add = (bytes: Uint8Array<ArrayBuffer>) => {
      if (bytes.length === 0) return;
      parts.push({ bytes, beginsNext: begins });
      length += bytes.length;
      begins = false;
      tail = bytes.slice(-(separatorBytes?.length ?? 1));
    };
    for await (const long of pieces) {
      for (const piece of cut(long)) {
        done += piece.length;
        add(gatherer.push(piece));
        if (length >= CHUNK / 2) yield chunk();
      }
    }
    add(gatherer.end());
    if (length >= CHUNK / 2) yield chunk();
  }
  if (parts.length > 0) yield chunk();
}

/** The texts of a source, each in pieces. */
async function* texts(
  source: TextSource,
): AsyncGenerator<Iterable<TextPiece> | AsyncIterable<TextPiece>> {
  const files = filesOf(source);
  if (files !== undefined) {
    for (const path of files) yield readChunks(path, { what: "text file" });
  } else {
    for await (const text of source as Iterable<string> | AsyncIterable<string>) yield [text];
  }
}

/** Cuts a piece that is long: it would be a chunk of its own. */
function* cut(piece: TextPiece): Generator<TextPiece> {
  for (let at = 0; at < piece.length; at += CHUNK) {
    const end = at + CHUNK;
    yield typeof piece === "string" ? piece.slice(at, end) : piece.subarray(at, end);
  }
}

function filesOf(source: TextSource): readonly string[] | undefined {
  if (typeof source === "string") return [source];
  return isFiles(source) ? source.files : undefined;
}

/** Whether bytes end with others; never, if there are none. */
function endsWith(bytes: Uint8Array, end: Uint8Array | undefined): boolean {
  if (end === undefined || bytes.length < end.length) return false;
  return end.every((byte, i) => byte === bytes[bytes.length - end.length + i]);
}

/** The buffers of a chunk, to be handed over to a worker. */
export function buffersOf({ parts }: TextChunk): ArrayBuffer[] {
  return parts.map(({ bytes }) => bytes.buffer);
}
