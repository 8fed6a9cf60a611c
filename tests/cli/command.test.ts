import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type Command, defineCommand, defineGroup } from "../../cli/command.ts";
import { commandHelp } from "../../cli/help.ts";
import { UsageError } from "../../cli/options.ts";
import { kindling } from "./kindling.ts";

Deno.test("commandHelp() aligns arguments, options and examples", () => {
  const help = commandHelp({
    name: "kindling generate",
    description: "Write text with a trained model.",
    positionals: { run: { required: true, description: "The run directory" } },
    options: {
      prompt: { type: "string", description: "How the text starts" },
      maxTokens: { type: "integer", default: 200, min: 1, description: "How many tokens to write" },
      seed: { type: "integer", short: "s", description: "Seed of the random choices" },
      specialTokens: { type: "strings", placeholder: "TOKEN", description: "Keep whole" },
      json: { type: "boolean", description: "Print the result as JSON" },
      stream: { type: "boolean", default: true, description: "Wait for the whole text" },
    },
    examples: [["kindling generate runs/a", "Write a story"]],
  }, 60);
  assertEquals(
    help,
    `Write text with a trained model.

Usage: kindling generate RUN [options]

Arguments:
  RUN  The run directory

Options:
      --prompt TEXT           How the text starts
      --max-tokens N          How many tokens to write
                              (default: 200)
  -s, --seed N                Seed of the random choices
      --special-tokens TOKEN  Keep whole (repeatable)
      --json                  Print the result as JSON
      --no-stream             Wait for the whole text
  -h, --help                  Show this help

Examples:
  kindling generate runs/a  Write a story`,
  );
});

Deno.test("defineGroup() hands the arguments to the command that is named", async () => {
  const seen: unknown[] = [];
  const encode: Command = defineCommand({
    name: "kindling tokenizer encode",
    description: "Encode.",
    options: { json: { type: "boolean", description: "JSON" } },
    positionals: { file: { description: "File" } },
    run: ({ options, positionals }) => {
      seen.push(options.json, positionals.file);
      return 7;
    },
  });
  const group = defineGroup({
    name: "kindling tokenizer",
    description: "Tokenizers.",
    commands: { encode: { summary: "Encode", load: () => Promise.resolve({ command: encode }) } },
  });
  assertEquals(await group.run(["encode", "--json", "a.txt"]), 7);
  assertEquals(seen, [true, "a.txt"]);
  const error = await assertRejects(async () => await group.run(["encod"]), UsageError);
  assertEquals(error.message, "Unknown command encod: did you mean encode?");
});

Deno.test("kindling --help lists the commands", async () => {
  const { code, stdout, stderr } = await kindling("--help");
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertMatch(stdout, /^ {2}doctor +Show the GPU adapter/m);
});

Deno.test("kindling without a command shows the help on stderr, exit code 2", async () => {
  const { code, stdout, stderr } = await kindling();
  assertEquals({ code, stdout }, { code: 2, stdout: "" });
  assertMatch(stderr, /Usage: kindling COMMAND/);
});

Deno.test("kindling --version names the version", async () => {
  const { code, stdout } = await kindling("--version");
  assertEquals(code, 0);
  assertMatch(stdout, /^kindling \d+\.\d+\.\d+\n$/);
});

Deno.test("kindling answers a mistake with one line, exit code 2", async () => {
  assertEquals(await kindling("doctr"), {
    code: 2,
    stdout: "",
    stderr: "error: Unknown command doctr: did you mean doctor?\n",
  });
  assertEquals(await kindling("doctor", "--jsn"), {
    code: 2,
    stdout: "",
    stderr: "error: Unknown option --jsn: did you mean --json?\n",
  });
});

Deno.test("kindling doctor --json describes the adapter", async () => {
  const { code, stdout, stderr } = await kindling("doctor", "--json");
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const report = JSON.parse(stdout);
  assertEquals(report.problem, null);
  assertEquals(report.adapter.computes, true);
  assertEquals(typeof report.adapter.name, "string");
});
