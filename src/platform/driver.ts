/**
 * Keeps the graphics driver quiet. Mesa complains on standard error about a missing
 * `XDG_RUNTIME_DIR` while it probes for OpenGL, which nobody here uses.
 *
 * @module
 */

/** What this file needs of Deno, so that it does nothing in browsers */
interface Environment {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
}

/**
 * Prepares the process for the first adapter request: prefers Vulkan on Linux and gives Mesa a
 * runtime directory. Does nothing outside Deno, or where the environment may not be touched.
 */
export function quietenDriver(): void {
  const deno = (globalThis as { Deno?: { env: Environment; build: { os: string } } }).Deno;
  if (deno?.build.os !== "linux") return;
  try {
    if (deno.env.get("XDG_RUNTIME_DIR") === undefined) deno.env.set("XDG_RUNTIME_DIR", "/tmp");
    if (deno.env.get("DENO_WEBGPU_BACKEND") === undefined) {
      deno.env.set("DENO_WEBGPU_BACKEND", "vulkan");
    }
  } catch {
    // Without permission to the environment the driver may print a line; it works all the same.
  }
}
