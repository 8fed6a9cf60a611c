import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  ensureDirectory,
  exists,
  fileSize,
  openForReading,
  readBytes,
  readText,
  readTextChunks,
  remove,
  writeFileAtomic,
} from "../../src/platform/files.ts";

async function inTemporaryDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const names = async (directory: string) =>
  (await Array.fromAsync(Deno.readDir(directory))).map((entry) => entry.name).sort();

Deno.test("writeFileAtomic() writes text, bytes and pieces, and leaves nothing else", () =>
  inTemporaryDirectory(async (directory) => {
    const path = `${directory}/file`;
    await writeFileAtomic(path, "\ufeffé👍");
    assertEquals(await readText(path), "\ufeffé👍");
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    assertEquals(await readBytes(path), Uint8Array.of(1, 2, 3));
    await writeFileAtomic(path, [Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2)]);
    assertEquals(await readBytes(path), Uint8Array.of(1, 2));
    assertEquals(await fileSize(path), 2);
    assertEquals(await names(directory), ["file"]);
  }));

Deno.test("writeFileAtomic() keeps the old file where the new one fails", () =>
  inTemporaryDirectory(async (directory) => {
    const path = `${directory}/file`;
    await writeFileAtomic(path, "old");
    async function* broken() {
      yield Uint8Array.of(1);
      await Promise.resolve();
      throw new RangeError("No more");
    }
    await assertRejects(() => writeFileAtomic(path, broken()), RangeError, "No more");
    assertEquals(await readText(path), "old");
    assertEquals(await names(directory), ["file"]);
    await ensureDirectory(`${directory}/folder/full`);
    const intoFolder = () => writeFileAtomic(`${directory}/folder`, "x");
    await assertRejects(intoFolder, Error, `Cannot write file "${directory}/folder": `);
    assertEquals(await names(directory), ["file", "folder"]);
    await assertRejects(
      () => writeFileAtomic(`${directory}/no/file`, "x"),
      Error,
      `Cannot write file "${directory}/no/file": its folder does not exist`,
    );
  }));

Deno.test("readTextChunks() cuts no character", () =>
  inTemporaryDirectory(async (directory) => {
    const text = "aé日👍\r\n".repeat(20);
    await writeFileAtomic(`${directory}/text`, text);
    for (const chunkBytes of [1, 2, 3, 5, 1000]) {
      const chunks = await Array.fromAsync(readTextChunks(`${directory}/text`, { chunkBytes }));
      assertEquals(chunks.join(""), text);
    }
    await writeFileAtomic(`${directory}/text`, Uint8Array.of(0x61, 0xff, 0x62, 0xf0, 0x9f));
    const broken = await Array.fromAsync(readTextChunks(`${directory}/text`, { chunkBytes: 1 }));
    assertEquals(broken.join(""), "a\ufffdb\ufffd");
    assertEquals(await readText(`${directory}/text`), "a\ufffdb\ufffd");
  }));

Deno.test("openForReading() reads from any place", () =>
  inTemporaryDirectory(async (directory) => {
    await writeFileAtomic(`${directory}/file`, Uint8Array.of(0, 1, 2, 3, 4, 5));
    const file = openForReading(`${directory}/file`);
    const bytes = new Uint8Array(2);
    file.readInto(4, bytes);
    assertEquals(bytes, Uint8Array.of(4, 5));
    file.readInto(1, bytes);
    assertEquals(bytes, Uint8Array.of(1, 2));
    assertThrows(() => file.readInto(5, bytes), Error, "it ends at byte 6, needed 1 more");
    file.close();
    file.close();
    assertThrows(() => file.readInto(0, bytes), Error, "it was closed");
  }));

Deno.test("files that cannot be read give one clear line", () =>
  inTemporaryDirectory(async (directory) => {
    const missing = `${directory}/x.txt`;
    await assertRejects(
      () => readText(missing),
      Error,
      `Cannot read text file "${missing}": no such file`,
    );
    await assertRejects(
      () => readBytes(missing, { what: "checkpoint" }),
      Error,
      `Cannot read checkpoint "${missing}": no such file`,
    );
    await assertRejects(
      () => readText(directory),
      Error,
      `Cannot read text file "${directory}": it is a directory`,
    );
    await assertRejects(
      () => Array.fromAsync(readTextChunks(directory)),
      Error,
      `Cannot read text file "${directory}": it is a directory`,
    );
    assertThrows(
      () => openForReading(directory, { what: "token file" }),
      Error,
      `Cannot open token file "${directory}": it is not a regular file`,
    );
    await assertRejects(
      () => fileSize(missing),
      Error,
      `Cannot look at file "${missing}": no such file`,
    );
  }));

Deno.test("exists(), ensureDirectory() and remove() may be called again", () =>
  inTemporaryDirectory(async (directory) => {
    const path = `${directory}/a/b`;
    assertEquals(await exists(path), false);
    await ensureDirectory(path);
    await ensureDirectory(path);
    assertEquals(await exists(path), true);
    await writeFileAtomic(`${path}/file`, "");
    assertEquals(await exists(`${path}/file/under`), false);
    const overFile = () => ensureDirectory(`${path}/file`);
    await assertRejects(
      overFile,
      Error,
      `Cannot make directory "${path}/file": a file has that name`,
    );
    await remove(`${directory}/a`);
    await remove(`${directory}/a`);
    assertEquals(await exists(path), false);
  }));
