/** How the user calls us, for command lines that they can copy. */

/** `deno task`, where we were called by it, else `deno run -A` and where we are. */
export function ownCommand(): string {
  const { env } = Deno;
  // npx tells the programs that it runs their npm command: exec.
  const npx = env.get("npm_command") === "exec" ? "npx -y " : "";
  const isTask = Deno.mainModule.startsWith("file:") && env.get("INIT_CWD") !== undefined;
  return npx + (isTask ? "deno task" : `deno run -A ${shortened(Deno.mainModule)}`);
}

/** A module's specifier without the file scheme. */
function shortened(specifier: string): string {
  return specifier.startsWith("file:")
    ? decodeURIComponent(new URL(specifier).pathname)
    : specifier;
}
