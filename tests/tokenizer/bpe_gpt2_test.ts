import { assert, assertEquals } from "@std/assert";
import { gpt2Tokenizer, tiktoken } from "./gpt2_reference.ts";
import { HARD_TEXTS, randomText, seededRandom } from "./unicode_text.ts";

const reference = tiktoken();
const tokenizer = gpt2Tokenizer();
const expected = (text: string): number[] => Array.from(reference.encode(text, "all"));

Deno.test("Tokenizer.encode() equals tiktoken with GPT-2's vocabulary on hard texts", () => {
  for (const text of HARD_TEXTS) {
    assertEquals(tokenizer.encode(text), expected(text), JSON.stringify(text.slice(0, 100)));
  }
});

Deno.test("Tokenizer.encode() equals tiktoken around special tokens", () => {
  const end = "<|endoftext|>";
  for (
    const text of [end, end + end, `a ${end} b`, `${end}<|endof`, `  ${end}  \n`, `<|${end}|>`]
  ) {
    assertEquals(tokenizer.encode(text), expected(text));
    const plain = reference.encode(text, [], []);
    assertEquals(tokenizer.encode(text, { allowedSpecial: "none" }), Array.from(plain));
  }
});

Deno.test("Tokenizer.encode() equals tiktoken on random texts, and decode() gives them back", () => {
  const random = seededRandom(2);
  for (let i = 0; i < 3000; i++) {
    const text = randomText(random);
    const ids = tokenizer.encode(text);
    assertEquals(ids, expected(text), JSON.stringify(text));
    assertEquals(tokenizer.decode(ids), text.toWellFormed());
  }
});

Deno.test("Tokenizer.decode() equals tiktoken on ids that are not UTF-8 together", () => {
  const random = seededRandom(3);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (let i = 0; i < 500; i++) {
    const ids = Array.from({ length: 1 + random(20) }, () => random(i % 2 ? 256 : 50257));
    const text = tokenizer.decode(ids);
    assertEquals(text, decoder.decode(reference.decode(Uint32Array.from(ids))));
    const stream = tokenizer.decoder();
    assertEquals(ids.map((id) => stream.push(id)).join("") + stream.flush(), text);
  }
});

Deno.test("Tokenizer.encode() takes about linear time on long runs", () => {
  for (const unit of ["a", " ", "ab", "=", "日", "\n", "👍"]) {
    const text = unit.repeat(Math.ceil(300_000 / unit.length));
    const start = performance.now();
    const ids = tokenizer.encode(text);
    const seconds = (performance.now() - start) / 1000;
    assert(seconds < 3, `${JSON.stringify(unit)} took ${seconds} s`);
    assertEquals(tokenizer.decode(ids), text);
  }
});
