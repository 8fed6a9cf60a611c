/** What the commands read from standard input, and ids written as numbers. */

import { readText } from "../../src/platform/files.ts";
import { UsageError } from "../options.ts";

/** Standard input in pieces. */
export function standardInput(): AsyncIterable<Uint8Array> {
  return Deno.stdin.readable;
}

/** All of standard input as text. */
export async function readStandardInput(): Promise<string> {
  const text = Deno.stdin.readable.pipeThrough(new TextDecoderStream("utf-8", { ignoreBOM: true }));
  return (await Array.fromAsync(text)).join("");
}

/** The token ids in a text of numbers, with blanks, commas or brackets between. */
export function parseIds(text: string): number[] {
  const words = text.split(/[\s,[\]]+/).filter((word) => word !== "");
  return words.map((word) => {
    if (/^\d+$/.test(word)) return Number(word);
    const shown = JSON.stringify(word.slice(0, 40));
    throw new UsageError(`Cannot use ${shown} as a token id: need a whole number`);
  });
}

/** The token ids in a file of numbers. */
export async function readIds(path: string): Promise<number[]> {
  return parseIds(await readText(path, { what: "ids" }));
}
