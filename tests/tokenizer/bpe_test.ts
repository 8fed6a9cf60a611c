import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Tokenizer } from "../../src/tokenizer/bpe.ts";
import { toPrintable } from "../../src/tokenizer/byte_alphabet.ts";
import { tokenizerFromJson } from "../../src/tokenizer/formats.ts";
import { trainBpe } from "../../src/tokenizer/train_bpe.ts";
import { HARD_TEXTS, randomText, seededRandom } from "./unicode_text.ts";

const SPECIAL = ["<|end|>", "<|end|><|end|>", "été ", "'l"];
const TEXT = "the cat sat on the mat, and the hat; it's what they'll see. ".repeat(3) +
  HARD_TEXTS.join();
const { vocab, merges } = await trainBpe([TEXT], { vocabSize: 900, specialTokens: SPECIAL });
const tokenizer = new Tokenizer(vocab, merges, SPECIAL);
const bytesOf = (text: string) => new TextEncoder().encode(text);
const anyTexts = (): string[] => {
  const random = seededRandom(6);
  return Array.from({ length: 300 }, () => {
    const parts = Array.from(
      { length: random(4) },
      () => SPECIAL[random(SPECIAL.length)]! + randomText(random),
    );
    return randomText(random) + parts.join("");
  });
};

Deno.test("Tokenizer takes the longest of the special tokens that begin at a place", () => {
  assertEquals(tokenizer.encode("<|end|><|end|><|end|>"), [1, 0]);
  assertEquals(tokenizer.encode("<|end|><|end|>", { allowedSpecial: ["<|end|>"] }), [0, 0]);
  assertEquals(
    tokenizer.decode(tokenizer.encode("<|end|>", { allowedSpecial: "none" })),
    "<|end|>",
  );
  assertThrows(
    () => tokenizer.encode("a", { allowedSpecial: ["<x>"] }),
    RangeError,
    'Cannot look for special token "<x>": the tokenizer has no such one',
  );
});

Deno.test("Tokenizer.decode() gives back what was encoded", () => {
  for (const text of [...HARD_TEXTS, ...anyTexts()]) {
    assertEquals(tokenizer.decode(tokenizer.encode(text)), text.toWellFormed());
  }
});

Deno.test("Tokenizer.encodeIterable() gives the ids of the whole text, wherever pieces end", async () => {
  const random = seededRandom(7);
  for (const text of [...HARD_TEXTS, ...anyTexts()]) {
    const whole = tokenizer.encode(text);
    assertEquals([...tokenizer.encodeIterable(text.split(""))], whole, JSON.stringify(text));
    const pieces: string[] = [];
    for (let at = 0; at < text.length;) pieces.push(text.slice(at, at += 1 + random(8)));
    assertEquals([...tokenizer.encodeIterable(pieces)], whole, JSON.stringify(pieces));
    const later = (async function* () {
      yield* pieces;
    })();
    assertEquals(await Array.fromAsync(tokenizer.encodeIterable(later)), whole);
  }
});

Deno.test("Tokenizer.encodeIterable() is lazy, and linear on one long word in small pieces", () => {
  let taken = 0;
  const endless = (function* () {
    while (true) {
      taken++;
      yield "hello world ";
    }
  })();
  for (const _ of tokenizer.encodeIterable(endless)) if (taken > 5) break;
  assertEquals(taken, 6);
  let count = 0;
  for (const _ of tokenizer.encodeIterable("q".repeat(200_000))) count++;
  assertEquals(count, tokenizer.encode("q".repeat(200_000)).length);
});

Deno.test("Tokenizer.decoder() holds back incomplete characters", () => {
  const bytes = new Tokenizer(vocab, []);
  const decoder = bytes.decoder();
  assertEquals(bytes.encode("é👍").map((id) => decoder.push(id)), ["", "é", "", "", "", "👍"]);
  decoder.push(bytes.encode("é")[0]!);
  assertEquals(decoder.flush(), "\ufffd");
});

Deno.test("Tokenizer looks tokens up by text, bytes and id", () => {
  assertEquals(tokenizer.vocabSize, vocab.size);
  assertEquals(tokenizer.tokenToId("été "), 2);
  const id = tokenizer.tokenToId(" the")!;
  assertEquals(toPrintable(tokenizer.idToBytes(id)), "Ġthe");
  assertEquals(tokenizer.tokenToId(bytesOf(" the")), id);
  assertEquals(tokenizer.tokenToId("no such token"), undefined);
});

Deno.test("Tokenizer adds special tokens that the vocabulary lacks at its end", () => {
  const more = new Tokenizer(vocab, merges, ["<new>", "<|end|>", "<newer>"]);
  assertEquals([...more.specialTokens], [["<new>", 900], ["<|end|>", 0], ["<newer>", 901]]);
  assertEquals(more.vocabSize, 902);
  assertEquals(more.encode("<newer><new>"), [901, 900]);
});

Deno.test("Tokenizer takes a vocabulary with gaps", () => {
  const gaps = new Tokenizer(new Map([[3, bytesOf("a")], [7, bytesOf("b")], [9, bytesOf("ab")]]), [
    [bytesOf("a"), bytesOf("b")],
  ]);
  assertEquals(gaps.vocabSize, 10);
  assertEquals(gaps.encode("abba"), [9, 7, 3]);
  assertEquals(Tokenizer.fromJson(gaps.toJson()).encode("abba"), [9, 7, 3]);
  const noSuchId = "Cannot decode token id 4: the vocabulary has no such id";
  assertThrows(() => gaps.decode([4]), RangeError, noSuchId);
  assertThrows(
    () => gaps.encode("abc"),
    RangeError,
    'Cannot encode "abc": the vocabulary has no token for byte 0x63',
  );
});

Deno.test("Tokenizer.fromJson() reads what toJson() wrote", () => {
  // A special token that is also the printable form of another token must survive.
  const special = [...SPECIAL, "Ġthe", "12", "a"];
  const original = new Tokenizer(vocab, merges, special);
  const json = original.toJson();
  for (const copy of [Tokenizer.fromJson(json), Tokenizer.fromJson(JSON.parse(json))]) {
    assert(copy.toJson() === json);
    assertEquals(copy.specialTokens, original.specialTokens);
    for (const text of [" the Ġthe 12 a", ...HARD_TEXTS]) {
      assertEquals(copy.encode(text), original.encode(text));
    }
  }
  assertEquals(tokenizerFromJson(json).encode("the"), original.encode("the"));
});

Deno.test("Tokenizer.fromFiles() reads GPT-2's two files", async () => {
  const directory = await Deno.makeTempDir();
  const [vocabPath, mergesPath] = [`${directory}/vocab.json`, `${directory}/merges.txt`];
  try {
    const tokens = [...vocab].map(([id, bytes]) => [toPrintable(bytes), id]);
    await Deno.writeTextFile(vocabPath, JSON.stringify(Object.fromEntries(tokens)));
    const lines = merges.map(([left, right]) => `${toPrintable(left)} ${toPrintable(right)}`);
    await Deno.writeTextFile(mergesPath, ["#version: 0.2", ...lines, ""].join("\r\n"));
    const copy = await Tokenizer.fromFiles(vocabPath, mergesPath, { specialTokens: SPECIAL });
    for (const text of HARD_TEXTS) assertEquals(copy.encode(text), tokenizer.encode(text));

    const refuses = async (vocabText: string, mergesText: string, line: string) => {
      await Deno.writeTextFile(vocabPath, vocabText);
      await Deno.writeTextFile(mergesPath, mergesText);
      const message = line.replace("VOCAB", vocabPath).replace("MERGES", mergesPath);
      await assertRejects(() => Tokenizer.fromFiles(vocabPath, mergesPath), Error, message);
    };
    await refuses("{", "", 'Cannot read vocabulary "VOCAB": it is not JSON');
    await refuses("[]", "", 'Cannot read vocabulary "VOCAB": found [], needed an object');
    await refuses('{"a": 1, "b": 1}', "", 'Cannot read vocabulary "VOCAB": it has id 1 twice');
    await refuses(
      '{"a": 0.5}',
      "",
      'Cannot read vocabulary "VOCAB" at "a": found 0.5, needed an integer from 0 as a token id',
    );
    await refuses(
      '{"日": 0}',
      "",
      `Cannot read vocabulary "VOCAB": token "日" is not in GPT-2's printable byte encoding`,
    );
    await refuses(
      '{"a": 0}',
      "a\n",
      'Cannot read merges "MERGES", line 1: found "a", needed two tokens with a blank between',
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  const missing = `Cannot read vocabulary "${vocabPath}": no such file`;
  await assertRejects(() => Tokenizer.fromFiles(vocabPath, mergesPath), Error, missing);
});

Deno.test("Tokenizer refuses merges and ids that make no sense", () => {
  const ab = new Map([[0, bytesOf("a")], [1, bytesOf("b")], [2, bytesOf("ab")]]);
  const [a, b, c] = ["a", "b", "c"].map(bytesOf) as [Uint8Array, Uint8Array, Uint8Array];
  const refuses = (make: () => Tokenizer, line: string) => assertThrows(make, RangeError, line);
  refuses(
    () => new Tokenizer(ab, [[a, c]]),
    'Cannot merge "a" + "c" (merge 1): "c" is not in the vocabulary',
  );
  refuses(
    () => new Tokenizer(ab, [[a, b], [b, a]]),
    'Cannot merge "b" + "a" (merge 2): "ba" is not in the vocabulary',
  );
  refuses(
    () => new Tokenizer(ab, [[a, b], [a, b]]),
    'Cannot merge "a" + "b" (merge 2): merge 1 is the same',
  );
  refuses(
    () => new Tokenizer(new Map([[-1, a]]), []),
    "Cannot use -1 as a token id: needed an integer from 0 to 2147483647",
  );
  refuses(
    () => new Tokenizer(ab, [], [""]),
    'Cannot use "" as a special token: must have at least one character',
  );
  assertThrows(
    () => tokenizer.decode([900]),
    RangeError,
    "Cannot decode token id 900: the vocabulary has no such id, needed 0 to 899",
  );
});

Deno.test("Tokenizer.fromJson() says what it does not support", () => {
  const good = JSON.parse(tokenizer.toJson());
  const refuses = (change: object, line: string) =>
    assertThrows(() => Tokenizer.fromJson({ ...good, ...change }), SyntaxError, line);
  refuses(
    { model: { type: "WordPiece" } },
    'Cannot read tokenizer.json: its model has "WordPiece", needed "BPE"',
  );
  refuses(
    { pre_tokenizer: { type: "Metaspace" } },
    'its pre-tokenizer has "Metaspace", needed ByteLevel, or Split and ByteLevel',
  );
  refuses({ normalizer: { type: "NFC" } }, 'its normalizer has {"type":"NFC"}, needed none');
  refuses({ model: 3 }, "Cannot read tokenizer.json model: found 3, needed an object");
  assertThrows(
    () => Tokenizer.fromJson("{"),
    SyntaxError,
    "Cannot read tokenizer.json: it is not JSON",
  );
  const pairs = good.model.merges.map((merge: string) => merge.split(" "));
  const newer = Tokenizer.fromJson({ ...good, model: { ...good.model, merges: pairs } });
  assertEquals(newer.encode("the hat"), tokenizer.encode("the hat"));
});
