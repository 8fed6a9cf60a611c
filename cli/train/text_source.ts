/** The text that a model learns from: files, or the built-in stories. */

import { END_OF_TEXT, generateStories } from "../../src/data/stories.ts";
import { fileSize, readTextChunks } from "../../src/platform/files.ts";

/** Where text comes from, as config.json remembers it. */
export type TextSource =
  | { readonly textFiles: readonly string[] }
  | { readonly stories: { readonly seed: number; readonly characters: number } };

/** The built-in text unless files are given: about 1,400 stories. */
export const STORIES: TextSource = { stories: { seed: 0, characters: 1_000_000 } };

/** Files as a source, each by its absolute path, so that it is found from other folders too. */
export async function filesAsSource(paths: readonly string[]): Promise<TextSource> {
  for (const path of paths) {
    if (await fileSize(path, { what: "text file" }) === 0) {
      throw new RangeError(`Cannot use "${path}": it is empty`);
    }
  }
  return { textFiles: await Promise.all(paths.map((path) => Deno.realPath(path))) };
}

/** The text in pieces. */
export async function* textPieces(source: TextSource): AsyncGenerator<string> {
  if ("textFiles" in source) {
    for (const path of source.textFiles) yield* readTextChunks(path);
  } else {
    for (const story of generateStories(source.stories)) yield story + END_OF_TEXT;
  }
}

/** What the text is called: `a.txt`, `a.txt and 2 more`, `built-in stories`. */
export function nameOf(source: TextSource): string {
  if (!("textFiles" in source)) return "built-in stories";
  const [first = "", ...others] = source.textFiles.map(baseName);
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}

/** A short name for a run that learns from the text: `a`, `stories`. */
export function shortNameOf(source: TextSource): string {
  if (!("textFiles" in source)) return "stories";
  const stem = baseName(source.textFiles[0] ?? "").replace(/\.[^.]*$/, "");
  return stem.replaceAll(/[^\w-]+/g, "-").replaceAll(/^-+|-+$/g, "") || "text";
}

function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}
