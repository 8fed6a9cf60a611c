/**
 * Everything that must hold before a commit, except the tests that need a GPU: `deno task ok`.
 * Each check runs even if another failed, and shows its output only if it failed itself.
 */

/** The checks, each a command line of deno. */
const CHECKS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ["format", ["fmt", "--check"]],
  ["lint", ["lint"]],
  ["types", ["check", "--quiet"]],
  ["documentation", ["doc", "--lint", "mod.ts", "cli/main.ts"]],
  ["architecture", ["test", "--quiet", "--allow-all", "tests/architecture.test.ts"]],
  ["publishing", ["publish", "--quiet", "--dry-run", "--allow-dirty"]],
];

const encoder = new TextEncoder();

function write(text: string): void {
  Deno.stdout.writeSync(encoder.encode(text));
}

/** Runs one check in the repository and says how it went. */
async function passes(name: string, args: readonly string[]): Promise<boolean> {
  const started = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: new URL("../", import.meta.url),
    stdin: "null",
  }).output();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  write(`${success ? "ok    " : "FAILED"}  ${name.padEnd(14)} ${seconds.padStart(5)} s\n`);
  if (!success) {
    write(`\n$ deno ${args.join(" ")}\n`);
    Deno.stdout.writeSync(stdout);
    Deno.stdout.writeSync(stderr);
    write("\n");
  }
  return success;
}

const failed: string[] = [];
for (const [name, args] of CHECKS) {
  if (!await passes(name, args)) failed.push(name);
}
write(failed.length === 0 ? "\nAll checks passed\n" : `\nFailed: ${failed.join(", ")}\n`);
Deno.exit(failed.length === 0 ? 0 : 1);
