/**
 * Where programs of this user keep what they may lose.
 *
 * @module
 */

/** What this file needs of Deno */
interface Environment {
  readonly env: { get(name: string): string | undefined };
  readonly build: { readonly os: string };
}

/**
 * Path of a file in kindling's own cache: in `KINDLING_CACHE`, or in the folder that the system has
 * for caches. Nothing in browsers, and where there is no such folder.
 */
export function cacheFile(name: string): string | undefined {
  const deno = (globalThis as { Deno?: Environment }).Deno;
  if (!deno) return undefined;
  const { env, build: { os } } = deno;
  const own = env.get("KINDLING_CACHE");
  if (own) return `${own}/${name}`;
  const home = env.get("HOME");
  const caches = os === "windows"
    ? env.get("LOCALAPPDATA")
    : os === "darwin"
    ? home && `${home}/Library/Caches`
    : env.get("XDG_CACHE_HOME") || (home && `${home}/.cache`);
  return caches && `${caches}/kindling/${name}`;
}
