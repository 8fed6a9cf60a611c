/**
 * What was found best on the user's adapters, and the file that remembers it.
 *
 * @module
 */

import { TILING_NAMES, type TilingName } from "../kernels/kernel.ts";
import { cacheFile } from "./platform/cache.ts";
import { ensureDirectory, exists, readText, writeFileAtomic } from "./platform/files.ts";

/** What was found best on an adapter */
export interface TunedTraits {
  /** Tiles of matrix products */
  readonly tiling: TilingName;
}

/** What was found best, by the adapter's description; adapters without an entry are as they are */
export type Tuning = Readonly<Record<string, TunedTraits>>;

/** The file that `kindling tune` writes */
const FILE = "tuning.json";

/**
 * Reads what `kindling tune` has found, from the user's cache unless `path` says otherwise, to be
 * given to `requestDevice()`; nothing where it has not run.
 *
 * @throws {SyntaxError} if the file is damaged
 *
 * @example Use what was found, as the command line does
 * ```ts
 * import { readTuning, requestDevice } from "@kindling/lm";
 *
 * using device = await requestDevice({ tuning: await readTuning() });
 * ```
 */
export async function readTuning(path: string | undefined = cacheFile(FILE)): Promise<Tuning> {
  if (path === undefined || !await exists(path)) return {};
  const text = await readText(path);
  try {
    const tuning: Record<string, Partial<TunedTraits> | null> = JSON.parse(text);
    for (const [adapter, traits] of Object.entries(tuning)) {
      if (TILING_NAMES.some((name) => name === traits?.tiling)) continue;
      const found = JSON.stringify(traits?.tiling);
      throw new SyntaxError(`${adapter} has tiling ${found}, needs ${TILING_NAMES.join(", ")}`);
    }
    return tuning as Tuning;
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new SyntaxError(`Cannot read "${path}": ${reason}; remove it and tune again`, { cause });
  }
}

/**
 * Writes what {@link readTuning} reads, and gives the path of the file.
 *
 * @throws {Error} if the system has no folder for caches
 */
export async function writeTuning(
  tuning: Tuning,
  path: string | undefined = cacheFile(FILE),
): Promise<string> {
  if (path === undefined) {
    throw new Error("Cannot keep what was found: set KINDLING_CACHE to a folder for it");
  }
  await ensureDirectory(path.replace(/[/\\][^/\\]*$/, ""));
  await writeFileAtomic(path, JSON.stringify(tuning, undefined, 2) + "\n");
  return path;
}
