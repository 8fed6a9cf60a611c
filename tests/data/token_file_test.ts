import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openTokenFile, writeTokenFile } from "../../src/data/token_file.ts";
import { checkTokenRange, sliceTokens, tokensInMemory } from "../../src/data/token_source.ts";

async function withFile(body: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body(`${directory}/tokens.bin`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("writeTokenFile() writes raw little-endian ids, as nanoGPT does", () =>
  withFile(async (path) => {
    assertEquals(await writeTokenFile(path, [1, 0x1234, 0xffff], { vocabSize: 65536 }), 3);
    assertEquals(await Deno.readFile(path), Uint8Array.of(1, 0, 0x34, 0x12, 0xff, 0xff));
    await writeTokenFile(path, [1, 0x10000], { vocabSize: 65537 });
    assertEquals(await Deno.readFile(path), Uint8Array.of(1, 0, 0, 0, 0, 0, 1, 0));
  }));

Deno.test("openTokenFile() reads any part of what was written", () =>
  withFile(async (path) => {
    const ids = Array.from({ length: 150_000 }, (_, i) => (i * 7919) % 70_000);
    const later = (async function* () {
      yield* ids.map((id) => id % 5000);
    })();
    for (const [tokens, vocabSize] of [[ids, 70_000], [later, 5000]] as const) {
      await writeTokenFile(path, tokens, { vocabSize });
      using file = await openTokenFile(path);
      assertEquals(file.length, ids.length);
      for (const [offset, count] of [[0, 5], [65_530, 20], [149_999, 1], [150_000, 0]] as const) {
        const expected = ids.slice(offset, offset + count).map((id) => id % vocabSize);
        assertEquals(file.read(offset, count), Int32Array.from(expected));
      }
      assertThrows(
        () => file.read(149_999, 2),
        RangeError,
        "Cannot read 2 tokens from token 149999 on: the source has 150000 tokens",
      );
    }
  }));

Deno.test("openTokenFile() takes a file from elsewhere where its dtype is given", () =>
  withFile(async (path) => {
    await Deno.writeFile(path, Uint8Array.of(1, 0, 2, 0));
    {
      using file = await openTokenFile(path, { dtype: "uint16" });
      assertEquals(file.read(0, 2), Int32Array.of(1, 2));
    }
    await assertRejects(
      () => openTokenFile(path),
      Error,
      `Cannot open token file "${path}": there is no "${path}.json", needed a dtype, uint16 or uint32`,
    );
    await Deno.writeTextFile(`${path}.json`, '{"dtype":"uint16","length":3}');
    await assertRejects(
      () => openTokenFile(path),
      RangeError,
      `Cannot open token file "${path}": it has 4 bytes, needed 6 for uint16`,
    );
    await Deno.writeTextFile(`${path}.json`, "null");
    await assertRejects(() => openTokenFile(path), SyntaxError, "does not describe one");
    await assertRejects(
      () => openTokenFile(`${path}x`),
      Error,
      `Cannot open token file "${path}x": no such file`,
    );
  }));

Deno.test("writeTokenFile() refuses an id out of range and leaves the old file", () =>
  withFile(async (path) => {
    await writeTokenFile(path, [7], { vocabSize: 10 });
    await assertRejects(
      () => writeTokenFile(path, [1, 2, 10], { vocabSize: 10 }),
      RangeError,
      "Cannot write token id 10 at position 2: needed an integer from 0 to 9",
    );
    using file = await openTokenFile(path);
    assertEquals(file.read(0, file.length), Int32Array.of(7));
  }));

Deno.test("tokensInMemory() and sliceTokens() read parts", () => {
  const source = sliceTokens(sliceTokens(tokensInMemory([0, 1, 2, 3, 4, 5]), 1), 1, 4);
  assertEquals(source.length, 3);
  assertEquals(source.read(0, 3), Int32Array.of(2, 3, 4));
  assertThrows(() => source.read(1, 3), RangeError, "Cannot read 3 tokens from token 1 on");
  assertThrows(() => source.read(-1, 1), RangeError, "Cannot read 1 tokens from token -1 on");
  assertThrows(
    () => sliceTokens(source, 2, 1),
    RangeError,
    "Cannot read -1 tokens from token 2 on",
  );
});

Deno.test("checkTokenRange() names the id and its position", () => {
  checkTokenRange([0, 9], 10);
  for (const id of [10, -1, 0.5, NaN]) {
    assertThrows(
      () => checkTokenRange([0, id], 10),
      RangeError,
      `Cannot use token id ${id} at position 1: needed an integer from 0 to 9`,
    );
  }
});
