/**
 * Token files: ids one after another as little-endian uint16 or uint32, nothing else, as nanoGPT's
 * `.bin` files. What kind they are stands in a small JSON file beside them.
 *
 * @module
 */

import { exists, openForReading, type RandomAccessFile, readText } from "../platform/files.ts";
import {
  BYTES,
  type TokenFileInfo,
  type TokenFileType,
  tokenFileType,
  writeTokenChunks,
} from "./token_chunks.ts";
import { checkRead, type TokenSource } from "./token_source.ts";

export type { TokenFileType };

const CHUNK_TOKENS = 1 << 16;

/** Options of {@linkcode writeTokenFile}. */
export interface WriteTokenFileOptions {
  /** How many tokens the vocabulary has: at most 65,536 are written as uint16, more as uint32. */
  readonly vocabSize: number;
}

/**
 * Writes a token file, in constant memory.
 *
 * Nothing is left half-written: if anything fails on the way, what was there before stays.
 *
 * @example Write tokens and read some of them
 * ```ts
 * import { openTokenFile, writeTokenFile } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await writeTokenFile(`${directory}/train.bin`, [3, 1, 4, 1, 5], { vocabSize: 10 });
 * {
 *   using tokens = await openTokenFile(`${directory}/train.bin`);
 *   assertEquals(tokens.length, 5);
 *   assertEquals(tokens.read(2, 2), Int32Array.of(4, 1));
 * }
 * await Deno.remove(directory, { recursive: true });
 * ```
 *
 * @param path Where the file is to be.
 * @param ids The token ids.
 * @param options The size of the vocabulary.
 * @returns How many tokens were written.
 * @throws {RangeError} If an id is not from 0 to `vocabSize - 1`.
 * @throws {Error} If the file cannot be written.
 */
export async function writeTokenFile(
  path: string,
  ids: Iterable<number> | AsyncIterable<number>,
  options: WriteTokenFileOptions,
): Promise<number> {
  const { vocabSize } = options;
  const dtype = tokenFileType(vocabSize);
  let position = 0;

  async function* chunks(): AsyncGenerator<Uint8Array> {
    const chunk = dtype === "uint16"
      ? new Uint16Array(CHUNK_TOKENS)
      : new Uint32Array(CHUNK_TOKENS);
    let filled = 0;
    for await (const id of ids) {
      if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
        throw new RangeError(
          `Cannot write token id ${id} at position ${position}: ` +
            `needed an integer from 0 to ${vocabSize - 1}`,
        );
      }
      chunk[filled++] = id; // typed arrays are little-endian wherever Deno runs
      position++;
      if (filled === chunk.length) {
        yield new Uint8Array(chunk.buffer);
        filled = 0;
      }
    }
    yield new Uint8Array(chunk.buffer, 0, filled * BYTES[dtype]);
  }

  return await writeTokenChunks(path, chunks(), vocabSize);
}

/** Options of {@linkcode openTokenFile}. */
export interface OpenTokenFileOptions {
  /** How the file stores an id. Default: what the JSON file beside it says. */
  readonly dtype?: TokenFileType;
}

/**
 * Opens a token file, without reading it into memory.
 *
 * @param path Where the file is.
 * @param options How it stores an id, where no JSON file beside it says so.
 * @returns The open file. Close it, or declare it with `using`.
 * @throws {RangeError} If the file is of another length than it should be.
 * @throws {SyntaxError} If the JSON file beside it is broken.
 * @throws {Error} If the file is missing or not readable, or its kind is not known.
 */
export async function openTokenFile(
  path: string,
  options: OpenTokenFileOptions = {},
): Promise<TokenFile> {
  const file = openForReading(path, { what: "token file" });
  try {
    const info = options.dtype === undefined ? await readInfo(path) : undefined;
    const dtype = options.dtype ?? info!.dtype;
    const length = file.size / BYTES[dtype];
    if (!Number.isInteger(length) || (info !== undefined && length !== info.length)) {
      const needed = info === undefined
        ? `a multiple of ${BYTES[dtype]}`
        : info.length * BYTES[dtype];
      throw new RangeError(
        `Cannot open token file "${path}": it has ${file.size} bytes, needed ${needed} for ${dtype}`,
      );
    }
    return new TokenFile(file, dtype);
  } catch (cause) {
    file.close();
    throw cause;
  }
}

async function readInfo(path: string): Promise<TokenFileInfo> {
  const infoPath = `${path}.json`;
  if (!(await exists(infoPath))) {
    throw new Error(
      `Cannot open token file "${path}": there is no "${infoPath}", needed a dtype, uint16 or uint32`,
    );
  }
  let info: Partial<TokenFileInfo> | null = null;
  try {
    info = JSON.parse(await readText(infoPath));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  if (info?.dtype === undefined || !(info.dtype in BYTES) || !Number.isInteger(info.length)) {
    throw new SyntaxError(`Cannot open token file "${path}": "${infoPath}" does not describe one`);
  }
  return info as TokenFileInfo;
}

/** An open token file: a {@linkcode TokenSource} that reads from the disk what is asked for. */
export class TokenFile implements TokenSource, Disposable {
  /** How the file stores an id. */
  readonly dtype: TokenFileType;
  /** How many tokens there are. */
  readonly length: number;
  readonly #file: RandomAccessFile;

  /** Takes an open file; {@linkcode openTokenFile} makes one. */
  constructor(file: RandomAccessFile, dtype: TokenFileType) {
    this.dtype = dtype;
    this.length = file.size / BYTES[dtype];
    this.#file = file;
  }

  /**
   * Reads tokens.
   *
   * @param offset The first token to read.
   * @param count How many to read.
   * @returns Their ids.
   * @throws {RangeError} If not all of them are there.
   * @throws {Error} If the file is closed or not readable.
   */
  read(offset: number, count: number): Int32Array<ArrayBuffer> {
    checkRead(offset, count, this.length);
    const bytes = new Uint8Array(count * BYTES[this.dtype]);
    this.#file.readInto(offset * BYTES[this.dtype], bytes);
    return this.dtype === "uint16"
      ? Int32Array.from(new Uint16Array(bytes.buffer))
      : new Int32Array(bytes.buffer);
  }

  /** Closes the file; again, does nothing. */
  close(): void {
    this.#file.close();
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.close();
  }
}
