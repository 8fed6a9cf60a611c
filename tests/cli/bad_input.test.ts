// Whatever is wrong with the input: one clear line, exit code 1 or 2, and nothing is written.

import { assertEquals, assertMatch } from "@std/assert";
import { kindling, startKindling, TINY, withFolder } from "./kindling.ts";

/** Arguments, where `DIR/` stands for a folder with the files below; exit code; what stderr says */
const CASES: [args: string[], code: number, message: RegExp][] = [
  [["train", "DIR/none.txt"], 1, /text file "DIR\/none\.txt": no such file/],
  [["train", "DIR/folder"], 1, /"DIR\/folder": it is a directory/],
  [["train", "DIR/empty.txt"], 1, /Cannot use "DIR\/empty\.txt": it is empty/],
  [["train", "DIR/short.txt"], 1, /Cannot use short\.txt: it has \d tokens, .* one context of 128/],
  [["train", "--steps", "0"], 2, /Cannot use --steps "0": need a whole number of at least 1/],
  [["train", "--stps", "5"], 2, /Unknown option --stps: did you mean --steps\?/],
  [["train", "--task", "chess"], 2, /Cannot use --task "chess": need one of text/],
  [["train", "--heads", "3"], 1, /Cannot split dModel 128 among 3 heads/],
  [["train", "--vocab-size", "256"], 1, /vocabulary of 256 tokens: needed .* at least 257/],
  [["train", "--tokenizer", "DIR/none"], 2, /Cannot use --tokenizer "DIR\/none": need bpe, char,/],
  [["train", "--tokenizer", "char", "--vocab-size", "9"], 2, /--vocab-size 9: tokenizer char has /],
  [["train", "--tokenizer", "DIR/short.txt"], 1, /Cannot read tokenizer\.json/],
  [["train", "--out", "DIR/empty.txt"], 1, /Cannot start a run in ".*": a file has that name/],
  [["train", "--out", "DIR/run"], 1, /Cannot start a run in ".*": one is there already/],
  [["train", "--config", "DIR/none.json"], 1, /options file "DIR\/none\.json": no such file/],
  [["train", "--config", "DIR/short.txt"], 1, /Cannot read options from "DIR\/short\.txt": /],
  [
    ["train", "--config", "DIR/typo.json"],
    2,
    /Unknown option "step" in ".*": did you mean "steps"\?/,
  ],
  [["train", "--config", "DIR/bad.json"], 2, /Cannot use "steps": "many" in ".*": need a whole/],
  [["train", "--resume", "DIR/none"], 1, /Cannot open run "DIR\/none": there is no such folder/],
  [["train", "--resume", "DIR/folder"], 1, /Cannot open run "DIR\/folder": it has no config\.json/],
  [
    ["train", "--resume", "DIR/foreign"],
    1,
    /Cannot read "DIR\/foreign\/config\.json": it has no m/,
  ],
  [["train", "--resume", "DIR/run", "--d-model", "8"], 2, /Cannot use --d-model with --resume/],
  [["train", "--resume", "DIR/run", "--out", "x"], 2, /Cannot use --out with --resume/],
  [["train", "--resume", "DIR/run", "DIR/short.txt"], 2, /Cannot use other text with --resume/],
  [
    ["train", "DIR/letters.txt", "--tokenizer", "char", "--context-length", "8", "--prompt", "Z"],
    1,
    /Cannot encode "Z"/,
  ],
  [["generate"], 2, /Missing RUN: see kindling generate --help/],
  [["generate", "DIR/none"], 1, /Cannot open run "DIR\/none": there is no such folder/],
  [["generate", "DIR/run", "--top-p", "2"], 2, /Cannot use --top-p "2": need a number above 0 and/],
  [["generate", "DIR/run"], 1, /Cannot .*run.*: (it has no checkpoint yet|no such file)/],
  [["eval", "DIR/foreign"], 1, /Cannot read "DIR\/foreign\/config\.json": it has no model/],
  [["inspect", "DIR/none"], 1, /Cannot open run "DIR\/none": there is no such folder/],
  [["inspect", "--d-model", "8", "--heads", "3"], 1, /Cannot split dModel 8 among 3 heads/],
  [["inspect", "DIR/run", "--heads", "3"], 2, /Cannot use --heads with a run: its model is as it/],
];

/** Files for the cases */
async function makeFiles(folder: string): Promise<void> {
  for (const name of ["folder", "foreign", "run"]) await Deno.mkdir(`${folder}/${name}`);
  const model = { vocabSize: 3, contextLength: 8, dModel: 16, nLayers: 1, nHeads: 2 };
  const files: Record<string, string> = {
    "empty.txt": "",
    "short.txt": "hello",
    "letters.txt": "abc".repeat(100),
    "typo.json": '{"step": 3}',
    "bad.json": '{"steps": "many"}',
    "foreign/config.json": '{"compilerOptions": {}}',
    "run/config.json": JSON.stringify({ model, data: { stories: { seed: 0, characters: 9 } } }),
    "run/tokenizer.json": '{"type": "kindling-char", "characters": ["a", "b", "c"]}',
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
}

/** Every path below a folder */
function listing(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? [name, ...listing(`${folder}/${name}`)] : [name]
  ).sort();
}

Deno.test("kindling answers bad input with one line and writes nothing", () =>
  withFolder(async (folder) => {
    await makeFiles(folder);
    const before = listing(folder);
    const check = async ([args, code, message]: typeof CASES[number]) => {
      const real = args.map((arg) => arg.replace("DIR", folder));
      const isNewRun = args[0] === "train" && !args.includes("--out") && !args.includes("--resume");
      const outcome = await kindling(...real, ...(isNewRun ? ["--out", `${folder}/new`] : []));
      const line = outcome.stderr.replaceAll(folder, "DIR");
      assertMatch(line, message);
      assertMatch(line, /^error: [^\n]+\n$/, args.join(" "));
      assertEquals({ ...outcome, stderr: "" }, { code, stdout: "", stderr: "" }, args.join(" "));
    };
    // Two at a time: starting a process is most of the work.
    const rest = CASES.values();
    const worker = async () => {
      for (const one of rest) await check(one);
    };
    await Promise.all([worker(), worker()]);
    assertEquals(listing(folder), before);
  }));

Deno.test("kindling train says what to do when the loss is no longer a number", () =>
  withFolder(async (folder) => {
    const { code, stderr } = await kindling(
      ...["train", ...TINY, "--out", `${folder}/run`, "--steps", "50", "--warmup-steps", "0"],
      ...["--learning-rate", "1e30"],
    );
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^error: Cannot go on training after step \d+: .*; a smaller learning rate/m,
    );
    assertEquals([...Deno.readDirSync(`${folder}/run/checkpoints`)], []);
  }));

Deno.test("kindling train says what to install where there is no adapter", async () => {
  const env = { DENO_WEBGPU_BACKEND: "noop", VK_DRIVER_FILES: "/none", VK_ICD_FILENAMES: "/none" };
  const { code, stderr } = await startKindling(["train", "--out", "/none/run"], { env }).output();
  assertEquals(code, 1);
  assertMatch(
    new TextDecoder().decode(stderr),
    /^error: Cannot use WebGPU: .*mesa-vulkan-drivers/s,
  );
});
