/**
 * How fast the tokenizer is, beside others in the same run, and how much memory it takes:
 *
 *     deno run -A bench/tokenizer.ts [--megabytes 50] [--workers 2] [--memory 1000]
 *
 * Memory is measured on another text, of so many megabytes, on Linux; 0 leaves that out.
 *
 * The text is varied English of our own making (see `tokenizer/varied_text.ts`). Every tokenizer must
 * give the same ids as ours before it is timed.
 */

import { cpuUsage } from "node:process";
import { parseArgs } from "node:util";
import { alignColumns } from "../cli/format.ts";
import { trainBpe } from "../src/tokenizer/train_bpe.ts";
import { measureMemory } from "./tokenizer/memory.ts";
import { gpt2, type Peer, peers, trainHuggingFace } from "./tokenizer/peers.ts";
import { variedText } from "./tokenizer/varied_text.ts";

/** What each tokenizer is given at a time, in characters. */
const PIECE = 100_000;
/** How often a file is encoded by one and by several threads; the best and the median are told. */
const ROUNDS = 9;
const CORPUS_EN = new URL("../../shared/data/cs336/corpus.en", import.meta.url);

const { values } = parseArgs({
  args: Deno.args,
  options: {
    megabytes: { type: "string", default: "50" },
    workers: { type: "string", default: "2" },
    memory: { type: "string", default: "1000" },
  },
});
const megabytes = Number(values.megabytes);
const workers = Number(values.workers);

const rows: string[][] = [["", "", "CPU time", ""]];
const report = (what: string, figure: string, cpu = "", ratio = "") => {
  rows.push([what, figure, cpu, ratio]);
  // deno-lint-ignore no-console
  console.error(`${what}: ${figure} ${cpu} ${ratio}`);
};

/** What some work took: on the clock, and of all processors' time, which other programs disturb less. */
interface Timing {
  readonly seconds: number;
  readonly cpu: number;
}

async function time(work: () => unknown): Promise<Timing> {
  const before = cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = cpuUsage(before);
  return { seconds, cpu: (user + system) / 1e6 };
}

const inSeconds = (seconds: number) => `${seconds.toFixed(2)} s`;
const threadsOf = (count: number) => count === 1 ? "one thread" : `${count} threads`;

const directory = await Deno.makeTempDir();
try {
  const path = `${directory}/text.txt`;
  const pieces = makePieces();
  await Deno.writeTextFile(path, pieces.join(""));
  await benchEncoding(pieces, path);
  await benchTraining(path);
} finally {
  await Deno.remove(directory, { recursive: true });
}
if (Number(values.memory) > 0) await benchMemory(Number(values.memory));
// deno-lint-ignore no-console
console.log(alignColumns(rows));

/** The text in pieces of whole documents. */
function makePieces(): string[] {
  const pieces = [""];
  for (const document of variedText({ characters: megabytes * 1e6 })) {
    if (pieces.at(-1)!.length > PIECE) pieces.push("");
    pieces[pieces.length - 1] += document;
  }
  return pieces;
}

async function benchEncoding(pieces: readonly string[], path: string): Promise<void> {
  const tokenizer = gpt2();
  const expected = pieces.map((piece) => tokenizer.encodeToArray(piece));
  const tokens = expected.reduce((sum, ids) => sum + ids.length, 0);
  const megabytes = (await Deno.stat(path)).size / 1e6;
  const density = (1e6 * megabytes / tokens).toFixed(2);
  report("Text", `${megabytes.toFixed(1)} MB`, "", `${density} bytes per token`);

  const fresh = gpt2(); // with nothing in its cache
  const ours = { name: "kindling, one thread", share: 1, encode: fresh.encodeToArray.bind(fresh) };
  let tiktoken = 0; // CPU seconds for a megabyte
  for (const peer of [...peers(), ours]) {
    const { seconds, cpu, size } = await timeOf(peer, pieces, expected);
    tiktoken ||= cpu / size;
    const ratio = `${(tiktoken / (cpu / size)).toFixed(2)} × tiktoken (CPU)`;
    report(`Encode, ${peer.name}`, `${(size / seconds).toFixed(1)} MB/s`, inSeconds(cpu), ratio);
  }

  const out = path.replace(/txt$/, "bin");
  const inFile = tokenizer.countTokens(pieces.join("")); // as one text
  // In turns, so that other programs disturb both alike.
  const timings = [1, workers].map((count) => ({ count, rounds: [] as Timing[] }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { count, rounds } of timings) {
      const cold = gpt2();
      let written = 0;
      rounds.push(
        await time(async () => {
          written = await cold.encodeFile(path, out, { workers: count });
        }),
      );
      if (written !== inFile) {
        throw new Error(`encodeFile() wrote ${written} tokens, not ${inFile}`);
      }
    }
  }
  for (const { rounds } of timings) rounds.sort((a, b) => a.seconds - b.seconds);
  const one = timings[0]!.rounds;
  for (const [place, name] of [[0, "best"], [ROUNDS >> 1, "median"]] as const) {
    for (const { count, rounds } of timings) {
      const { seconds, cpu } = rounds[place]!;
      report(
        `Encode a file, kindling, ${threadsOf(count)}, ${name} of ${ROUNDS}`,
        `${(megabytes / seconds).toFixed(1)} MB/s`,
        inSeconds(cpu),
        rounds === one ? "" : `${(one[place]!.seconds / seconds).toFixed(2)} × one thread`,
      );
    }
  }
}

/** Checks what a tokenizer gives, then times it on its share of the text, so many megabytes. */
async function timeOf(
  { name, share, encode }: Peer,
  pieces: readonly string[],
  expected: readonly Int32Array[],
): Promise<Timing & { readonly size: number }> {
  for (let i = 0; i < Math.min(3, pieces.length); i++) {
    const ids = await encode(pieces[i]!);
    if (Array.from(ids).join() !== expected[i]!.join()) throw new Error(`${name} gives other ids`);
  }
  const part = pieces.slice(0, Math.ceil(pieces.length * share));
  const timing = await time(async () => {
    for (const piece of part) await encode(piece);
  });
  return { ...timing, size: part.reduce((sum, { length }) => sum + length, 0) / 1e6 };
}

async function benchTraining(path: string): Promise<void> {
  const theirs = await time(() => trainHuggingFace(path));
  report(
    "Train 30,000 tokens, npm:tokenizers (Hugging Face, Rust)",
    inSeconds(theirs.seconds),
    inSeconds(theirs.cpu),
  );
  for (const vocabSize of [30_000, 10_000]) {
    for (const count of [1, workers]) {
      const { seconds, cpu } = await time(() => trainBpe(path, { vocabSize, workers: count }));
      const ratio = `${(theirs.seconds / seconds).toFixed(2)} × as fast`;
      report(
        `Train ${vocabSize.toLocaleString("en")} tokens, kindling, ${threadsOf(count)}`,
        inSeconds(seconds),
        inSeconds(cpu),
        vocabSize === 30_000 ? ratio : "",
      );
    }
  }
  await benchCorpus();
}

/** CS336's check: 500 tokens from a small corpus, from the start of the process. */
async function benchCorpus(): Promise<void> {
  const module = new URL("../src/tokenizer/train_bpe.ts", import.meta.url);
  const options = `{ vocabSize: 500, specialTokens: ["<|endoftext|>"] }`;
  const code = `import { trainBpe } from ${JSON.stringify(module.href)};` +
    `await trainBpe(${JSON.stringify(CORPUS_EN.pathname)}, ${options});`;
  const start = performance.now();
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `data:application/typescript,${encodeURIComponent(code)}`],
  }).output();
  const seconds = (performance.now() - start) / 1000;
  if (success) report("Train 500 tokens on corpus.en, from process start", inSeconds(seconds));
}

async function benchMemory(megabytes: number): Promise<void> {
  for await (const { job, above, limit } of measureMemory({ megabytes })) {
    if (!Number.isFinite(limit)) continue; // the tokenizer itself
    const what = `Memory on ${megabytes.toLocaleString("en")} MB, ${job}, above the tokenizer`;
    report(what, `${above.toFixed(0)} MB`, "", `${limit} MB allowed`);
  }
}
