import { assertEquals, assertThrows } from "@std/assert";
import {
  type Grammar,
  type OptionTable,
  parseCommandLine,
  type PositionalTable,
  UsageError,
  withoutUndefined,
} from "../../cli/options.ts";

const options = {
  steps: { type: "integer", default: 100, min: 1, description: "Steps" },
  batchSize: { type: "integer", min: 1, max: 4096, short: "b", description: "Rows" },
  temperature: { type: "number", default: 1, min: 0, description: "Temperature" },
  topP: { type: "number", above: 0, max: 1, description: "Nucleus" },
  task: { type: "string", default: "text", choices: ["text", "sort"], description: "Task" },
  out: { type: "string", placeholder: "DIR", description: "Where to" },
  specialToken: { type: "strings", description: "Special token" },
  json: { type: "boolean", description: "JSON" },
  chart: { type: "boolean", default: true, description: "Chart" },
} as const satisfies OptionTable;
const positionals = {
  run: { required: true, description: "Run directory" },
  textFile: { many: true, description: "Text" },
} as const satisfies PositionalTable;
const grammar: Grammar<typeof options, typeof positionals> = {
  name: "kindling test",
  options,
  positionals,
};

function parse(...args: string[]) {
  const parsed = parseCommandLine(grammar, args);
  if (parsed === "help") throw new Error("Expected values, got a call for help");
  return parsed;
}

function rejects(args: string[], message: string): void {
  const error = assertThrows(() => parse(...args), UsageError);
  assertEquals(error.message, message);
}

Deno.test("parseCommandLine() gives defaults, and undefined without one", () => {
  const { options, positionals, given } = parse("runs/a");
  assertEquals(options, {
    steps: 100,
    batchSize: undefined,
    temperature: 1,
    topP: undefined,
    task: "text",
    out: undefined,
    specialToken: [],
    json: false,
    chart: true,
  });
  assertEquals(positionals, { run: "runs/a", textFile: [] });
  assertEquals(given, new Set());
});

Deno.test("parseCommandLine() reads values in every spelling and knows which were given", () => {
  const { options, positionals, given } = parse(
    ...["runs/a", "--steps=5", "-b", "32", "--temperature", "1e-1", "--top-p", "0.9", "--json"],
    ...["--no-chart", "a.txt", "--task", "sort", "--special-token", "<a>", "--special-token=<b>"],
    ...["--", "--b.txt"],
  );
  assertEquals(options, {
    steps: 5,
    batchSize: 32,
    temperature: 0.1,
    topP: 0.9,
    task: "sort",
    out: undefined,
    specialToken: ["<a>", "<b>"],
    json: true,
    chart: false,
  });
  assertEquals(positionals, { run: "runs/a", textFile: ["a.txt", "--b.txt"] });
  assertEquals(given.has("chart"), true);
  assertEquals(given.has("out"), false);
});

Deno.test("parseCommandLine() types values by their table", () => {
  const { options, positionals } = parse("runs/a");
  const steps: number = options.steps;
  const batchSize: number | undefined = options.batchSize;
  const task: "text" | "sort" = options.task;
  const run: string = positionals.run;
  const files: string[] = positionals.textFile;
  assertEquals([steps, batchSize, task, run, files], [100, undefined, "text", "runs/a", []]);
});

Deno.test("parseCommandLine() takes the last of repeated values, and texts that start with a dash", () => {
  assertEquals(parse("r", "--steps", "1", "--steps", "2").options.steps, 2);
  assertEquals(parse("r", "--out", "-x").options.out, "-x");
  assertEquals(parse("r", "--out", "").options.out, "");
});

Deno.test("parseCommandLine() suggests the option that was probably meant", () => {
  rejects(["r", "--step", "5"], "Unknown option --step: did you mean --steps?");
  rejects(["r", "--batchsize=5"], "Unknown option --batchsize: did you mean --batch-size?");
  rejects(["r", "--nonsense"], "Unknown option --nonsense: see kindling test --help");
  rejects(["r", "--no-steps"], "Unknown option --no-steps: see kindling test --help");
  rejects(["r", "-x"], "Unknown option -x: see kindling test --help");
});

Deno.test("parseCommandLine() says what was found and what is needed", () => {
  rejects(["r", "--steps", "ten"], 'Cannot use --steps "ten": need a whole number of at least 1');
  rejects(["r", "--steps", "1.5"], 'Cannot use --steps "1.5": need a whole number of at least 1');
  rejects(["r", "--steps", ""], 'Cannot use --steps "": need a whole number of at least 1');
  rejects(["r", "-b", "9999"], 'Cannot use -b "9999": need a whole number from 1 to 4096');
  rejects(
    ["r", "--temperature", "-1"],
    'Cannot use --temperature "-1": need a number of at least 0',
  );
  rejects(
    ["r", "--temperature", "NaN"],
    'Cannot use --temperature "NaN": need a number of at least 0',
  );
  rejects(["r", "--top-p", "0"], 'Cannot use --top-p "0": need a number above 0 and at most 1');
  rejects(["r", "--task", "chess"], 'Cannot use --task "chess": need one of text, sort');
});

Deno.test("parseCommandLine() misses values", () => {
  rejects(["r", "--steps"], "Option --steps needs a value: a whole number of at least 1");
  rejects(["r", "--out", "--json"], "Option --out needs a value: DIR");
  rejects(["r", "--json=yes"], 'Option --json takes no value, got "yes"');
});

Deno.test("parseCommandLine() counts positional arguments", () => {
  rejects([], "Missing RUN: see kindling test --help");
  const none: Grammar<Record<never, never>, Record<never, never>> = { name: "kindling doctor" };
  const error = assertThrows(() => parseCommandLine(none, ["now"]), UsageError);
  assertEquals(error.message, 'Unexpected argument "now": see kindling doctor --help');
});

Deno.test("parseCommandLine() answers a call for help whatever else is missing", () => {
  assertEquals(parseCommandLine(grammar, ["--help"]), "help");
  assertEquals(parseCommandLine(grammar, ["--steps", "5", "-h"]), "help");
});

Deno.test("withoutUndefined() keeps null, 0 and the empty text", () => {
  assertEquals(withoutUndefined({ a: undefined, b: 0, c: "", d: null }), { b: 0, c: "", d: null });
});
