import { assertEquals } from "@std/assert";
import { pretokenize } from "../../src/tokenizer/pretokenize.ts";
import { HARD_TEXTS, randomText, seededRandom } from "./unicode_text.ts";

/** GPT-2's pattern with white space as Unicode defines it: JavaScript's `\s` is not the same. */
const PATTERN =
  /'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

Deno.test("pretokenize() cuts English as GPT-2 does", () => {
  assertEquals(
    [...pretokenize("I'll say:  it's 42%!\n\n  Right?")],
    ["I", "'ll", " say", ":", " ", " it", "'s", " 42", "%!", "\n\n ", " Right", "?"],
  );
});

Deno.test("pretokenize() takes U+0085 as white space and U+FEFF as not", () => {
  assertEquals([...pretokenize("a\u0085\u0085b\ufeffc")], [
    "a",
    "\u0085",
    "\u0085",
    "b",
    "\ufeff",
    "c",
  ]);
});

Deno.test("pretokenize() equals the regular expression on hard texts", () => {
  for (const hard of HARD_TEXTS) {
    const text = hard.toWellFormed(); // half a surrogate pair counts as U+FFFD
    assertEquals(pretokenize(text), text.match(PATTERN) ?? []);
  }
});

Deno.test("pretokenize() equals the regular expression on every code point", () => {
  for (let codePoint = 0; codePoint < 0x110000; codePoint += 64) {
    let text = "";
    for (let i = 0; i < 64; i++) text += `a${String.fromCodePoint(codePoint + i)} `;
    text = text.toWellFormed();
    assertEquals([...pretokenize(text)], text.match(PATTERN));
  }
});

Deno.test("pretokenize() equals the regular expression on random texts", () => {
  const random = seededRandom(1);
  for (let i = 0; i < 3000; i++) {
    const text = randomText(random).toWellFormed();
    assertEquals([...pretokenize(text)], text.match(PATTERN), JSON.stringify(text));
  }
});
