/**
 * How fast the tokenizer is, beside others in the same run:
 *
 *     deno run -A bench/tokenizer.ts [--megabytes 50] [--workers 2]
 *
 * The text is varied English of our own making (see `tokenizer/varied_text.ts`). Every tokenizer must
 * give the same ids as ours before it is timed.
 */

import { parseArgs } from "node:util";
import { alignColumns } from "../cli/format.ts";
import { trainBpe } from "../src/tokenizer/train_bpe.ts";
import { gpt2, type Peer, peers, trainHuggingFace } from "./tokenizer/peers.ts";
import { variedText } from "./tokenizer/varied_text.ts";

const END_OF_TEXT = "<|endoftext|>";
/** What each tokenizer is given at a time, in characters. */
const PIECE = 100_000;
const CORPUS_EN = new URL("../../shared/data/cs336/corpus.en", import.meta.url);

const { values } = parseArgs({
  args: Deno.args,
  options: {
    megabytes: { type: "string", default: "50" },
    workers: { type: "string", default: "2" },
  },
});
const megabytes = Number(values.megabytes);
const workers = Number(values.workers);

const rows: string[][] = [];
const report = (what: string, figure: string, ratio = "") => {
  rows.push([what, figure, ratio]);
  // deno-lint-ignore no-console
  console.error(`${what}: ${figure} ${ratio}`);
};

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
  const bytes = (await Deno.stat(path)).size;
  report(
    "Text",
    `${(bytes / 1e6).toFixed(1)} MB`,
    `${(bytes / tokens).toFixed(2)} bytes per token`,
  );

  const speeds = new Map<string, number>();
  for (const peer of peers()) {
    speeds.set(peer.name, await speedOf(peer, pieces, expected));
  }
  const fresh = gpt2(); // with nothing in its cache
  const ours: Peer = { name: "kindling", share: 1, encode: (text) => fresh.encodeToArray(text) };
  const own = await speedOf(ours, pieces, expected);
  const tiktoken = speeds.get("npm:tiktoken (WASM)")!;
  for (const [name, speed] of speeds) {
    report(
      `Encode, ${name}`,
      `${speed.toFixed(1)} MB/s`,
      `${(speed / tiktoken).toFixed(2)} × tiktoken`,
    );
  }
  report(
    "Encode, kindling, one thread",
    `${own.toFixed(1)} MB/s`,
    `${(own / tiktoken).toFixed(2)} × tiktoken`,
  );

  const out = path.replace(/txt$/, "bin");
  const seconds: number[] = [];
  for (const count of [1, workers]) {
    const cold = gpt2();
    const start = performance.now();
    const written = await cold.encodeFile(path, out, { workers: count });
    seconds.push((performance.now() - start) / 1000);
    if (written !== tokens) throw new Error(`encodeFile() wrote ${written} tokens, not ${tokens}`);
    const ratio = count === 1 ? "" : `${(seconds[0]! / seconds.at(-1)!).toFixed(2)} × one thread`;
    const speed = `${(bytes / 1e6 / seconds.at(-1)!).toFixed(1)} MB/s`;
    report(
      `Encode a file, kindling, ${count === 1 ? "one thread" : `${count} workers`}`,
      speed,
      ratio,
    );
  }
}

/** Checks what a tokenizer gives, then times it. */
async function speedOf(
  { name, share, encode }: Peer,
  pieces: readonly string[],
  expected: readonly Int32Array[],
): Promise<number> {
  for (let i = 0; i < Math.min(3, pieces.length); i++) {
    const ids = await encode(pieces[i]!);
    if (Array.from(ids).join() !== expected[i]!.join()) throw new Error(`${name} gives other ids`);
  }
  const part = pieces.slice(0, Math.ceil(pieces.length * share));
  const start = performance.now();
  for (const piece of part) await encode(piece);
  const seconds = (performance.now() - start) / 1000;
  return part.reduce((sum, { length }) => sum + length, 0) / 1e6 / seconds;
}

async function benchTraining(path: string): Promise<void> {
  const start = performance.now();
  trainHuggingFace(path);
  const theirs = (performance.now() - start) / 1000;
  report("Train 30,000 tokens, npm:tokenizers (Hugging Face, Rust)", `${theirs.toFixed(2)} s`);
  for (const vocabSize of [30_000, 10_000]) {
    for (const count of [1, workers]) {
      const started = performance.now();
      await trainBpe(path, { vocabSize, specialTokens: [END_OF_TEXT], workers: count });
      const seconds = (performance.now() - started) / 1000;
      const ratio = vocabSize === 30_000 ? `${(theirs / seconds).toFixed(2)} × as fast` : "";
      const threads = count === 1 ? "one thread" : `${count} workers`;
      const size = vocabSize.toLocaleString("en");
      report(`Train ${size} tokens, kindling, ${threads}`, `${seconds.toFixed(2)} s`, ratio);
    }
  }
  await benchCorpus();
}

/** CS336's check: 500 tokens from a small corpus, from the start of the process. */
async function benchCorpus(): Promise<void> {
  const module = new URL("../src/tokenizer/train_bpe.ts", import.meta.url);
  const code = `import { trainBpe } from ${JSON.stringify(module.href)};` +
    `await trainBpe(${
      JSON.stringify(CORPUS_EN.pathname)
    }, { vocabSize: 500, specialTokens: ["${END_OF_TEXT}"] });`;
  const start = performance.now();
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `data:application/typescript,${encodeURIComponent(code)}`],
  }).output();
  const seconds = (performance.now() - start) / 1000;
  if (success) {
    report("Train 500 tokens on corpus.en, from process start", `${seconds.toFixed(2)} s`);
  }
}
