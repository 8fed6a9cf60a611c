import { assert, assertEquals, assertRejects } from "@std/assert";
import { openTokenFile } from "../../src/data/token_file.ts";
import { Tokenizer } from "../../src/tokenizer/bpe.ts";
import { CharTokenizer } from "../../src/tokenizer/char.ts";
import { shareWork } from "../../src/tokenizer/parallel/shared_work.ts";
import { decodeUtf8 } from "../../src/tokenizer/text_source.ts";
import { trainBpe } from "../../src/tokenizer/train_bpe.ts";
import { HARD_TEXTS, randomText, seededRandom } from "./unicode_text.ts";

const SPECIAL = ["<|endoftext|>", "<|endoftext|><|endoftext|>", "<pad> "];
const END = SPECIAL[0]!;

/** Enough of everything for workers, special tokens and bytes that are not UTF-8 included. */
function muchText(): Uint8Array<ArrayBuffer> {
  const random = seededRandom(31);
  const hard = HARD_TEXTS.filter(({ length }) => length < 500);
  const parts = [...hard, "<pad", "<|endoftext|", "x".repeat(200), " ".repeat(200)];
  for (let i = 0; i < 200; i++) parts.push(randomText(random));
  let text = "";
  while (text.length < 60_000) {
    text += parts[random(parts.length)]!;
    if (random(5) === 0) text += SPECIAL[random(3)]!.repeat(1 + random(3));
  }
  const once = new TextEncoder().encode(text);
  const bytes = new Uint8Array(Math.ceil(4_200_000 / once.length) * once.length);
  for (let at = 0; at < bytes.length; at += once.length) bytes.set(once, at);
  for (let i = 0; i < 5_000; i++) bytes[random(bytes.length)] = random(256);
  return bytes;
}

async function withFile(
  bytes: Uint8Array,
  body: (path: string, directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${directory}/text.txt`, bytes);
    await body(`${directory}/text.txt`, directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const bytes = muchText();
const text = decodeUtf8(bytes);
const options = { vocabSize: 1500, specialTokens: SPECIAL };
const trained = await trainBpe([text], { ...options, workers: 1 });
const tokenizer = new Tokenizer(trained.vocab, trained.merges, SPECIAL);

/** Like assertEquals, for millions of numbers. */
function assertSame(actual: Int32Array, expected: Int32Array): void {
  assertEquals(actual.length, expected.length);
  let different = 0;
  while (different < actual.length && actual[different] === expected[different]) different++;
  assert(different === actual.length, `token ${different} is not the same`);
}

function readAll(path: string): Promise<Int32Array> {
  return openTokenFile(path).then((file) => {
    using open = file;
    return open.read(0, open.length);
  });
}

async function answersInOrder(): Promise<void> {
  // A worker that answers with its number and the chunk's, so slowly that it gets more than it can do
  // and the rest is done here; it may be that it never starts.
  const messages = import.meta.resolve("../../src/tokenizer/parallel/messages.ts");
  const code = (number: number) =>
    number === 3 ? "throw new Error('Broken')" : `import { serve } from "${messages}";
      serve((request) => {
        for (const end = performance.now() + 5; performance.now() < end;);
        const answer = request.parts ? "${number}:" + request.done : "${number} " + request;
        return { answer, transfer: [] };
      });`;
  let started = 0;
  let finished = 0;
  const answers: string[] = [];
  const here = Promise.withResolvers<void>();
  const work = shareWork<string, string>({
    chunks: (async function* () {
      for (let done = 0; done < 200; done++) {
        if (done === 100) await new Promise((resolve) => setTimeout(resolve, 500)); // until they are ready
        yield { parts: [], done };
      }
      finished = answers.length;
      here.resolve();
    })(),
    size: Infinity,
    threads: 4,
    work: ({ done }) => `0:${done}`,
    start: () => new Worker(`data:application/javascript,${code(++started)}`, { type: "module" }),
    setup: "begin",
    finish: "finish",
  });
  for await (const answer of work) answers.push(answer);
  await here.promise;
  assert(finished < 200);
  assertEquals(started, 3);
  assertEquals(
    answers.slice(0, 200).map((answer) => answer.split(":")[1]),
    Array.from({ length: 200 }, (_, i) => String(i)),
  );
  assertEquals(new Set(answers.slice(0, 200).map((answer) => answer[0])), new Set("012"));
  assertEquals(answers.slice(200).toSorted(), ["1 finish", "2 finish"]);
}

Deno.test(
  "shareWork() gives answers in order, from here and from workers, and those at the end",
  answersInOrder,
);

Deno.test("shareWork() does the same where memory cannot be shared", async () => {
  const shared = globalThis.SharedArrayBuffer;
  Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
  try {
    await answersInOrder();
  } finally {
    globalThis.SharedArrayBuffer = shared;
  }
});

Deno.test("trainBpe() learns the same whatever the number of workers", () =>
  withFile(bytes, async (path) => {
    for (const workers of [1, 2]) {
      assertEquals(await trainBpe(path, { ...options, workers }), trained);
    }
  }));

Deno.test("Tokenizer.encodeFile() writes the ids of the whole text, whatever the number of workers", () =>
  withFile(bytes, async (path, directory) => {
    for (const [workers, allowedSpecial] of [[1, "all"], [2, "all"], [3, "none"]] as const) {
      const expected = tokenizer.encodeToArray(text, { allowedSpecial });
      const count = await tokenizer.encodeFile(path, `${directory}/ids.bin`, {
        workers,
        allowedSpecial,
      });
      assertSame(await readAll(`${directory}/ids.bin`), expected);
      assertEquals(count, expected.length);
    }
  }));

Deno.test("Tokenizer.encodeIterable() reads strings, bytes and files alike", () =>
  withFile(bytes.subarray(0, 300_000), async (path) => {
    const some = bytes.subarray(0, 300_000);
    const expected = tokenizer.encode(decodeUtf8(some));
    const pieces = function* () {
      for (let at = 0, size = 1; at < some.length; at += size, size = 1 + size % 77) {
        yield some.subarray(at, at + size);
      }
    };
    assert([...tokenizer.encodeIterable(pieces())].join() === expected.join());
    const stream = ReadableStream.from(pieces());
    assert((await Array.fromAsync(tokenizer.encodeIterable(stream))).join() === expected.join());
    const files = { files: [path] };
    assert((await Array.fromAsync(tokenizer.encodeIterable(files))).join() === expected.join());
  }));

Deno.test("Tokenizer.encodeFile() puts one end-of-text token between texts", () =>
  withFile(new Uint8Array(), async (_, directory) => {
    const path = `${directory}/ids.bin`;
    const texts = ["a b", "", "c", `d${END}`, "e"];
    await tokenizer.encodeFile(texts, path);
    assertEquals([...await readAll(path)], tokenizer.encode(`a b${END}c${END}d${END}e`));
    await tokenizer.encodeFile(texts, path, { endOfText: null });
    assertEquals([...await readAll(path)], tokenizer.encode(`a bcd${END}e`));
    const characters = CharTokenizer.fromText("abc");
    await characters.encodeFile(["ab", "c"], path);
    assertEquals([...await readAll(path)], [0, 1, 2]);
    await assertRejects(
      () => characters.encodeFile(["ab", "c"], path, { endOfText: END }),
      RangeError,
      'Cannot put "<|endoftext|>" between texts: the tokenizer has no such special token',
    );
  }));

Deno.test("Work on files of any size leaves nothing half-written when it fails or is ended", () =>
  withFile(bytes, async (path, directory) => {
    const out = `${directory}/ids.bin`;
    const bytesOnly = new Tokenizer(new Map([[0, Uint8Array.of(97)]]), []);
    for (const workers of [1, 2]) {
      const failing = () => bytesOnly.encodeFile(path, out, { workers });
      await assertRejects(failing, RangeError, "the vocabulary has no token for byte");
      const controller = new AbortController();
      const { signal } = controller;
      const onProgress = () => controller.abort(new Error("Enough"));
      const ended = () =>
        tokenizer.encodeFile([text, text, text], out, { workers, signal, onProgress });
      await assertRejects(ended, Error, "Enough");
      const training = () => trainBpe([text, text], { ...options, workers, signal });
      await assertRejects(training, Error, "Enough");
    }
    assertEquals(Array.from(Deno.readDirSync(directory), ({ name }) => name), ["text.txt"]);
  }));

Deno.test("Workers must be at least one", async () => {
  await assertRejects(
    () => trainBpe(["a"], { vocabSize: 300, workers: 0 }),
    RangeError,
    "Cannot use 0 workers: needed an integer of at least 1",
  );
});
