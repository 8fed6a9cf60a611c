import { assertEquals, assertThrows } from "@std/assert";
import { CharTokenizer } from "../../src/tokenizer/char.ts";
import { tokenizerFromJson } from "../../src/tokenizer/formats.ts";
import { HARD_TEXTS } from "./unicode_text.ts";

const END = "<|end|>";

Deno.test("CharTokenizer numbers characters in their order in Unicode", () => {
  const tokenizer = CharTokenizer.fromText("b👍a\ud800é\uff5e");
  assertEquals(tokenizer.characters, ["a", "b", "é", "\uff5e", "\ufffd", "👍"]);
  assertEquals(tokenizer.encode("👍\udc00ab"), [5, 4, 0, 1]);
  assertEquals(tokenizer.tokenToId("é"), 2);
  assertEquals(tokenizer.tokenToId("x"), undefined);
});

Deno.test("CharTokenizer gives back what was encoded, whole or in pieces", () => {
  const tokenizer = CharTokenizer.fromText(HARD_TEXTS.join(END), { specialTokens: [END] });
  assertEquals(tokenizer.vocabSize, tokenizer.characters.length + 1);
  for (const part of HARD_TEXTS) {
    const text = part + END + part;
    const ids = tokenizer.encode(text);
    assertEquals(tokenizer.decode(ids), text.toWellFormed());
    assertEquals([...tokenizer.encodeIterable(text.split(""))], ids);
    const decoder = tokenizer.decoder();
    assertEquals(ids.map((id) => decoder.push(id)).join("") + decoder.flush(), text.toWellFormed());
  }
});

Deno.test("CharTokenizer finds special tokens and leaves them out of its characters", () => {
  const tokenizer = CharTokenizer.fromText(`ab${END}ba`, { specialTokens: [END] });
  assertEquals(tokenizer.characters, ["a", "b"]);
  assertEquals(tokenizer.encode(`a${END}b`), [0, 2, 1]);
  assertEquals(tokenizer.tokenToId(END), 2);
});

Deno.test("CharTokenizer.fromJson() reads what toJson() wrote", () => {
  const tokenizer = CharTokenizer.fromText(HARD_TEXTS.join(), { specialTokens: [END] });
  const copy = tokenizerFromJson(tokenizer.toJson());
  assertEquals(copy.toJson(), tokenizer.toJson());
  assertEquals(copy.encode(HARD_TEXTS.join(END)), tokenizer.encode(HARD_TEXTS.join(END)));
});

Deno.test("CharTokenizer refuses bad input in one clear line", () => {
  const tokenizer = CharTokenizer.fromText("abc");
  assertThrows(
    () => tokenizer.encode("a b"),
    RangeError,
    'Cannot encode " " (U+0020) at position 1: the vocabulary of 3 characters has no such one',
  );
  assertThrows(
    () => [...tokenizer.encodeIterable(["abc a", "b\u{1f44d}"])],
    RangeError,
    'Cannot encode " " (U+0020) at position 3',
  );
  assertThrows(
    () => tokenizer.decode([3]),
    RangeError,
    "Cannot decode token id 3: the vocabulary has no such id, needed 0 to 2",
  );
  assertThrows(
    () => CharTokenizer.fromText(""),
    RangeError,
    "Cannot make a character tokenizer: found no characters, needed at least one",
  );
  assertThrows(
    () => new CharTokenizer(["a", "bc"]),
    RangeError,
    'Cannot make a character tokenizer: "bc" is not one character',
  );
  assertThrows(
    () => CharTokenizer.fromJson({ type: "BPE" }),
    SyntaxError,
    'Cannot read character tokenizer: its type is "BPE", needed "kindling-char"',
  );
  assertThrows(
    () => CharTokenizer.fromJson({ type: "kindling-char", characters: "abc" }),
    SyntaxError,
    'Cannot read character tokenizer: found "abc", needed an array',
  );
});
