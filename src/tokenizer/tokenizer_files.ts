/**
 * Tokenizers on disk: whatever format they are in, and whatever format they are wanted in.
 *
 * @module
 */

import { ensureDirectory, isDirectory, readText, writeFileAtomic } from "../platform/files.ts";
import { tokenizerFromJson } from "./formats.ts";
import type { TextTokenizer } from "./text_tokenizer.ts";

/** The name of a tokenizer's file in a directory such as a run directory. */
const FILE_NAME = "tokenizer.json";

/**
 * Reads a tokenizer from a file or a directory.
 *
 * @example Save a tokenizer and read it again
 * ```ts
 * import { CharTokenizer, loadTokenizer, saveTokenizer } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const directory = await Deno.makeTempDir();
 * await saveTokenizer(CharTokenizer.fromText("abc"), directory);
 * const tokenizer = await loadTokenizer(directory);
 * assertEquals(tokenizer.encode("cab"), [2, 0, 1]);
 * await Deno.remove(directory, { recursive: true });
 * ```
 *
 * @param path A `tokenizer.json` file, or a directory that has one.
 * @returns The tokenizer.
 * @throws {SyntaxError} If the file is of no known form.
 * @throws {RangeError} If its tokens or merges do not fit together.
 * @throws {Error} If it cannot be read.
 */
export async function loadTokenizer(path: string): Promise<TextTokenizer> {
  const file = await isDirectory(path) ? `${path}/${FILE_NAME}` : path;
  return tokenizerFromJson(await readText(file, { what: "tokenizer" }));
}

/**
 * Writes a tokenizer as a `tokenizer.json` file; never half of it.
 *
 * @param tokenizer The tokenizer.
 * @param path The file, if it ends with `.json`, else the directory it goes into, made if need be.
 * @returns The path of the file.
 * @throws {Error} If it cannot be written.
 */
export async function saveTokenizer(tokenizer: TextTokenizer, path: string): Promise<string> {
  const isFile = path.endsWith(".json");
  if (!isFile) await ensureDirectory(path);
  const file = isFile ? path : `${path}/${FILE_NAME}`;
  await writeFileAtomic(file, tokenizer.toJson());
  return file;
}
