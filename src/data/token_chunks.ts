/**
 * Writes token files from chunks of bytes, as parallel encoding makes them.
 *
 * @module
 */

import { writeFileAtomic } from "../platform/files.ts";

/** How a token file stores an id: in two bytes or in four. */
export type TokenFileType = "uint16" | "uint32";

/** What stands in the JSON file beside a token file, at its path with `.json` added. */
export interface TokenFileInfo {
  /** How an id is stored. */
  readonly dtype: TokenFileType;
  /** How many there are. */
  readonly length: number;
  /** How many tokens the vocabulary has. */
  readonly vocabSize: number;
}

/** How many bytes an id takes. */
export const BYTES: Record<TokenFileType, number> = { uint16: 2, uint32: 4 };
/** How a token file of a vocabulary stores an id. */
export function tokenFileType(vocabSize: number): TokenFileType {
  return vocabSize <= 0x10000 ? "uint16" : "uint32";
}

/**
 * Writes a token file from chunks of ids that are stored as in the file already.
 *
 * @param path Where the file is to be.
 * @param chunks The ids' bytes.
 * @param vocabSize How many tokens the vocabulary has.
 * @returns How many tokens were written.
 */
export async function writeTokenChunks(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  vocabSize: number,
): Promise<number> {
  const dtype = tokenFileType(vocabSize);
  let bytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      yield chunk;
    }
  }
  await writeFileAtomic(path, counted());
  const length = bytes / BYTES[dtype];
  const info: TokenFileInfo = { dtype, length, vocabSize };
  await writeFileAtomic(`${path}.json`, JSON.stringify(info) + "\n");
  return length;
}
