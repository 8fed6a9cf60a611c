import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  readSafetensors,
  type SafetensorsDType,
  type SafetensorsInput,
  toFloat32Array,
  writeSafetensors,
} from "../src/safetensors.ts";

const foreign = await Deno.readFile(new URL("fixtures/foreign.safetensors", import.meta.url));

/** A file with this header, text or JSON, and this many bytes of data. */
function fileOf(header: unknown, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function assertUnreadable(bytes: Uint8Array, message: string): void {
  assertThrows(() => readSafetensors(bytes), SyntaxError, `Cannot read safetensors: ${message}`);
}

const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

Deno.test("readSafetensors() reads a file of another writer, unaligned and unpadded", () => {
  const { tensors, metadata } = readSafetensors(foreign);
  assertEquals(metadata, { "made by": "struct and json", "note": "größer" });
  const expected: Record<string, SafetensorsInput> = {
    flags: { dtype: "BOOL", shape: [3], data: new Uint8Array([1, 0, 1]) },
    größe: { dtype: "F32", shape: [2, 2], data: new Float32Array([0.1, -2, 3.5, 1e-20]) },
    half: {
      dtype: "F16",
      shape: [7],
      data: new Uint16Array([0x3c00, 0xb800, 0x7bff, 1, 0x2e66, 0xfc00, 0x8000]),
    },
    brain: {
      dtype: "BF16",
      shape: [4, 1],
      data: new Uint16Array([0x3f80, 0xc020, 0x4049, 0x7f80]),
    },
    scalar: { dtype: "F64", shape: [], data: new Float64Array([0.1]) },
    empty: { dtype: "F32", shape: [0, 3], data: new Float32Array(0) },
    ids: { dtype: "I64", shape: [2], data: new BigInt64Array([-1n, 2n ** 53n + 1n]) },
    bytes: { dtype: "U8", shape: [1], data: new Uint8Array([255]) },
    shorts: { dtype: "I16", shape: [2], data: new Int16Array([-32768, 5]) },
    small: { dtype: "I8", shape: [1], data: new Int8Array([-7]) },
    ints: { dtype: "I32", shape: [2], data: new Int32Array([-(2 ** 31), 7]) },
    words: { dtype: "U32", shape: [1], data: new Uint32Array([2 ** 32 - 1]) },
    long: { dtype: "U64", shape: [1], data: new BigUint64Array([2n ** 64n - 1n]) },
    units: { dtype: "U16", shape: [1], data: new Uint16Array([65535]) },
  };
  assertEquals(Object.fromEntries(tensors), expected);
});

Deno.test("readSafetensors() gives copies, also of a part of a buffer", () => {
  const padded = new Uint8Array(foreign.length + 3);
  padded.set(foreign, 3);
  const { tensors } = readSafetensors(padded.subarray(3));
  assertEquals(tensors, readSafetensors(foreign).tensors);
  padded.fill(0);
  assertEquals(tensors, readSafetensors(foreign).tensors);
});

Deno.test("toFloat32Array() converts every dtype", () => {
  const { tensors } = readSafetensors(foreign);
  const convert = (name: string) => [...toFloat32Array(tensors.get(name)!)];
  assertEquals(convert("half"), [
    1,
    -0.5,
    65504,
    2 ** -24,
    0.0999755859375,
    -Infinity,
    -0,
  ]);
  assertEquals(convert("brain"), [1, -2.5, 3.140625, Infinity]);
  assertEquals(convert("scalar"), [Math.fround(0.1)]);
  assertEquals(convert("ids"), [-1, 2 ** 53]);
  assertEquals(convert("flags"), [1, 0, 1]);
  assertEquals(convert("ints"), [-(2 ** 31), 7]);
  const { data } = tensors.get("größe")!;
  assert(toFloat32Array(tensors.get("größe")!) === data);
  const nan = { dtype: "F16", shape: [1], data: new Uint16Array([0x7e00]) } as const;
  assertEquals([...toFloat32Array(nan)], [NaN]);
});

Deno.test("writeSafetensors() writes what readSafetensors() reads", () => {
  const { tensors, metadata } = readSafetensors(foreign);
  const copy = readSafetensors(writeSafetensors(tensors, metadata));
  assertEquals(Object.fromEntries(copy.tensors), Object.fromEntries(tensors));
  assertEquals(copy.metadata, metadata);
});

Deno.test("writeSafetensors() writes a known file", () => {
  const file = writeSafetensors({
    b: { shape: [1], data: new Uint8Array([7]) },
    a: { shape: [1, 1], data: new Float32Array([1]) },
  });
  const header = '{"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},' +
    '"b":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}}';
  const text = header.padEnd(Math.ceil(header.length / 8) * 8);
  assertEquals(
    file,
    new Uint8Array([
      text.length,
      ...new Array<number>(7).fill(0),
      ...new TextEncoder().encode(text),
      ...[0, 0, 0x80, 0x3f, 7],
    ]),
  );
});

Deno.test("writeSafetensors() gives the same bytes whatever the order, and aligns tensors", () => {
  const tensors: [string, SafetensorsInput][] = [
    ["b", { shape: [3], data: new Uint8Array(3) }],
    ["c", { shape: [1], data: new Float32Array([3]) }],
    ["a", { shape: [1], data: new Float32Array([4]) }],
    ["d", { shape: [1], data: new BigInt64Array([5n]) }],
    ["10", { shape: [1], data: new Uint16Array([6]), dtype: "BF16" }],
  ];
  const bytes = writeSafetensors(new Map(tensors), { x: "1", y: "2" });
  assertEquals(
    writeSafetensors(new Map(tensors.toReversed()), { y: "2", x: "1" }),
    bytes,
  );
  assertEquals(writeSafetensors(Object.fromEntries(tensors), { y: "2", x: "1" }), bytes);
  assertEquals([...readSafetensors(bytes).tensors.keys()], ["d", "a", "c", "10", "b"]);
  const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assertEquals(headerLength % 8, 0);
});

Deno.test("writeSafetensors() writes views and names of any kind", () => {
  const data = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
  const names = ["", "__proto__", 'quote"', "\u{1f525}", "constructor"];
  const input = new Map(names.map((name) => [name, { shape: [2], data }]));
  const { tensors } = readSafetensors(writeSafetensors(input));
  assertEquals([...tensors.keys()].sort(), names.toSorted());
  for (const tensor of tensors.values()) assertEquals(tensor.data, new Float32Array([1, 2]));
});

Deno.test("safetensors files may be empty", () => {
  const bytes = writeSafetensors({});
  assertEquals(bytes.length, 16);
  assertEquals(readSafetensors(bytes), { tensors: new Map(), metadata: {} });
});

Deno.test("writeSafetensors() rejects tensors that do not fit together", () => {
  const data = new Float32Array(6);
  assertThrows(
    () => writeSafetensors({ w: { shape: [2, 2], data } }),
    RangeError,
    'Cannot write tensor "w": 6 elements do not fill [2, 2]',
  );
  assertThrows(
    () => writeSafetensors({ __metadata__: { shape: [6], data } }),
    RangeError,
    'Cannot write a tensor named "__metadata__": the format reserves the name',
  );
  assertThrows(
    () => writeSafetensors({ w: { dtype: "BF16", shape: [6], data } }),
    TypeError,
    'Cannot write tensor "w" as BF16 from a Float32Array: that holds F32',
  );
  assertThrows(
    () => writeSafetensors({ w: { dtype: "F8" as SafetensorsDType, shape: [6], data } }),
    TypeError,
    'Cannot write tensor "w" as F8 from a Float32Array: that holds F32',
  );
});

Deno.test("readSafetensors() says what is wrong with a file that is cut short", () => {
  assertUnreadable(new Uint8Array(3), "the file has 3 bytes, needs at least 8");
  assertUnreadable(
    foreign.subarray(0, 100),
    "the file is cut short: it has 100 bytes, the header ends at",
  );
  const bytes = writeSafetensors({ w: { shape: [2], data: new Float32Array(2) } });
  assertUnreadable(
    bytes.subarray(0, -1),
    'the file is cut short: it has 7 bytes of data, tensor "w" ends at 8',
  );
  for (let length = 0; length < foreign.length; length++) {
    assertThrows(() => readSafetensors(foreign.subarray(0, length)), SyntaxError);
  }
});

Deno.test("readSafetensors() rejects other formats", () => {
  assertUnreadable(
    new TextEncoder().encode("PK\x03\x04 an old PyTorch file"),
    "a header of 2336912046786038608 bytes is over the limit of 100000000: " +
      "the file is damaged or has another format",
  );
  assertUnreadable(fileOf("not json", 0), "the header is not JSON");
  assertUnreadable(fileOf("[]", 0), "the header is not a JSON object");
  assertUnreadable(fileOf("null", 0), "the header is not a JSON object");
  const invalidUtf8 = fileOf('{"??":1}', 0);
  invalidUtf8[10] = 0xff;
  assertUnreadable(invalidUtf8, "the header is not JSON");
});

Deno.test("readSafetensors() rejects tensors that overlap, leave gaps or leave data over", () => {
  assertUnreadable(
    fileOf({ a: f32(0, 8), b: f32(4, 12) }, 12),
    'tensor "b" overlaps another tensor: it begins at 4, the one before ends at 8',
  );
  assertUnreadable(
    fileOf({ b: f32(8, 12), a: f32(0, 4) }, 12),
    'tensor "b" leaves a gap before it: it begins at 8, the one before ends at 4',
  );
  assertUnreadable(
    fileOf({ a: f32(0, 4) }, 7),
    "3 bytes after the last tensor belong to none",
  );
});

Deno.test("readSafetensors() rejects headers that make no sense", () => {
  const one = (entry: unknown) => fileOf({ w: entry }, 4);
  assertUnreadable(one(4), 'tensor "w" is not described by an object');
  assertUnreadable(
    one({ ...f32(0, 4), dtype: "F8_E4M3" }),
    'tensor "w" has the dtype "F8_E4M3": must be one of F64, F32, ',
  );
  assertUnreadable(one({ ...f32(0, 4), dtype: "toString" }), 'tensor "w" has the dtype "toString"');
  assertUnreadable(
    one({ ...f32(0, 4), shape: [-1] }),
    'tensor "w" has the shape [-1]: must be sizes from 0',
  );
  assertUnreadable(one({ ...f32(0, 4), shape: "1" }), 'tensor "w" has the shape "1"');
  assertUnreadable(
    one({ ...f32(0, 4), data_offsets: [4, 0] }),
    'tensor "w" has the data_offsets [4,0]: must be [begin, end]',
  );
  assertUnreadable(one({ ...f32(0, 4), data_offsets: [0] }), 'tensor "w" has the data_offsets [0]');
  assertUnreadable(
    one(f32(0, 4, [2])),
    'tensor "w" has 4 bytes: F32 [2] needs 8',
  );
  assertUnreadable(
    one(f32(0, 4, [2 ** 52, 2 ** 52])),
    'tensor "w" has 4 bytes: F32 [4503599627370496, 4503599627370496] needs ',
  );
  assertUnreadable(fileOf({ __metadata__: 3 }, 0), "__metadata__ is not an object");
  assertUnreadable(
    fileOf({ __metadata__: { step: 3 } }, 0),
    'metadata "step" is not a string',
  );
});
