import { assertEquals, assertThrows } from "@std/assert";
import { lastCut } from "../../src/tokenizer/cutter.ts";
import type { PatternName } from "../../src/tokenizer/patterns/pattern.ts";
import { pretokenize } from "../../src/tokenizer/pretokenize.ts";
import { HARD_TEXTS, randomText, seededRandom } from "./unicode_text.ts";

/**
 * The patterns with white space as Unicode defines it: JavaScript's `\s` is not the same. The long s
 * is an s in any case.
 */
const REGEXES: Record<PatternName, RegExp> = {
  gpt2:
    /'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu,
  cl100k:
    /'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu,
  o200k:
    /[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?:'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD]))?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?:'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD]))?|\p{N}{1,3}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n/]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu,
};
/** Beyond this, there are only tags and variation selectors. */
const LAST = 0x33480;
const NAMES = Object.keys(REGEXES) as PatternName[];

Deno.test("pretokenize() cuts English as GPT-2 does", () => {
  assertEquals(
    pretokenize("I'll say:  it's 42%!\n\n  Right?"),
    ["I", "'ll", " say", ":", " ", " it", "'s", " 42", "%!", "\n\n ", " Right", "?"],
  );
});

Deno.test("pretokenize() takes U+0085 as white space and U+FEFF as not", () => {
  const words = ["a", "\u0085", "\u0085", "b", "\ufeff", "c"];
  assertEquals(pretokenize("a\u0085\u0085b\ufeffc"), words);
});

Deno.test("pretokenize() refuses a pattern it does not know", () => {
  assertThrows(
    () => pretokenize("a", "p99k" as PatternName),
    RangeError,
    'Cannot cut words by pattern "p99k": needed one of gpt2, cl100k, o200k',
  );
});

for (const name of NAMES) {
  const check = (text: string) => {
    const wellFormed = text.toWellFormed(); // half a surrogate pair counts as U+FFFD
    const [words, expected] = [
      pretokenize(wellFormed, name),
      wellFormed.match(REGEXES[name]) ?? [],
    ];
    if (words.join("\0") !== expected.join("\0")) assertEquals(words, [...expected]);
  };

  Deno.test(`pretokenize() equals ${name}'s regular expression on hard and random texts`, () => {
    for (const text of HARD_TEXTS) check(text);
    const random = seededRandom(1);
    for (let i = 0; i < 3000; i++) check(randomText(random));
  });

  Deno.test(`pretokenize() equals ${name}'s regular expression on every code point`, () => {
    for (let first = 0; first < LAST; first += 256) {
      let text = "";
      for (let i = 0; i < 256; i++) text += `a${String.fromCodePoint(first + i)} `;
      check(text);
    }
  });
}

Deno.test("lastCut() finds only places that no word crosses, by any pattern", () => {
  const random = seededRandom(11);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (let round = 0; round < 900; round++) {
    const bytes = new TextEncoder().encode(randomText(random));
    // In a third of the texts some bytes are broken.
    for (let i = random(6); round % 3 === 0 && i > 0; i--) {
      bytes[random(bytes.length)] = random(256);
    }
    const whole = decoder.decode(bytes);
    for (let cut = lastCut(bytes, 0, bytes.length); cut > 0; cut = lastCut(bytes, 0, cut)) {
      const [before, after] = [bytes.subarray(0, cut), bytes.subarray(cut)].map((part) =>
        decoder.decode(part)
      ) as [string, string];
      for (const name of NAMES) {
        const parts = [...pretokenize(before, name), ...pretokenize(after, name)];
        if (parts.join("\0") !== pretokenize(whole, name).join("\0")) {
          assertEquals(parts, pretokenize(whole, name), `${name}, cut at ${cut} of ${bytes}`);
        }
      }
    }
  }
});

Deno.test("lastCut() finds a place in text of every kind that has several words", () => {
  const texts = ["hello world", "Привет, мир", "中文。日本", "a1", "line\nline", "\u0939\u0940 b"];
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    assertEquals(lastCut(bytes, 0, bytes.length) > 0, true, text);
  }
});
