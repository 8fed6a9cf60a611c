/** Where the commands take text and ids from: the command line, files, or standard input. */

import { readText, readTextChunks } from "../../src/platform/files.ts";
import { UsageError } from "../options.ts";

/** The pieces of a text: an option's value, a file after another, or standard input. */
export async function* textPieces(
  text: string | undefined,
  paths: readonly string[],
): AsyncGenerator<string> {
  if (text !== undefined) yield text;
  for (const path of paths) yield* readTextChunks(path);
  if (text === undefined && paths.length === 0) yield* standardInput();
}

/** Standard input as text. */
export function standardInput(): AsyncIterable<string> {
  return Deno.stdin.readable.pipeThrough(new TextDecoderStream("utf-8", { ignoreBOM: true }));
}

/** The token ids in a text of numbers, with blanks, commas or brackets between. */
export function parseIds(text: string): number[] {
  const words = text.split(/[\s,[\]]+/).filter((word) => word !== "");
  return words.map((word) => {
    if (/^\d+$/.test(word)) return Number(word);
    throw new UsageError(`Cannot use ${JSON.stringify(word)} as a token id: need a whole number`);
  });
}

/** All of standard input. */
export async function readStandardInput(): Promise<string> {
  return (await Array.fromAsync(standardInput())).join("");
}

/** Whether a file is a token file: its companion says so. */
export async function readIds(path: string): Promise<number[]> {
  return parseIds(await readText(path, { what: "ids" }));
}
