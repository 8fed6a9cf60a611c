/**
 * The safetensors file format: named arrays with a JSON header, and nothing in it that runs.
 *
 * Eight bytes give the header's length, the header gives each tensor's dtype, shape and place in
 * the data that follows without gaps. All numbers are little-endian.
 * See https://huggingface.co/docs/safetensors.
 *
 * @module
 */

/** Arrays that hold a tensor's elements in row-major order. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Element types of a safetensors file. */
export type SafetensorsDType =
  | "F64"
  | "F32"
  | "F16"
  | "BF16"
  | "I64"
  | "I32"
  | "I16"
  | "I8"
  | "U64"
  | "U32"
  | "U16"
  | "U8"
  | "BOOL";

/** A tensor of a safetensors file. */
export interface SafetensorsTensor {
  /** Element type. */
  readonly dtype: SafetensorsDType;
  /** Sizes of the axes; `[]` for a single number. */
  readonly shape: readonly number[];
  /** Elements in row-major order; the bits of `F16` and `BF16` as `Uint16Array`, `BOOL` as bytes. */
  readonly data: TensorData;
}

/** What a safetensors file holds. */
export interface SafetensorsFile {
  /** Tensors by name, in the order of their data. */
  readonly tensors: Map<string, SafetensorsTensor>;
  /** The file's own notes. */
  readonly metadata: Record<string, string>;
}

/** A tensor to write: the dtype follows from the array where it is not given. */
export interface SafetensorsInput {
  /** Element type: `F32` for a `Float32Array` and so on, unless told. */
  readonly dtype?: SafetensorsDType;
  /** Sizes of the axes; `[]` for a single number. */
  readonly shape: readonly number[];
  /** Elements in row-major order. */
  readonly data: TensorData;
}

interface ArrayKind {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): TensorData;
}

/** The array of each dtype; of several with the same array, the first is its default. */
const ARRAYS: Readonly<Record<SafetensorsDType, ArrayKind>> = {
  F64: Float64Array,
  F32: Float32Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

/** Bytes before the header: its length as a 64-bit integer. */
const PREFIX = 8;

/** The format's own limit, which tells damaged and foreign files early. */
const MAX_HEADER_BYTES = 100_000_000;

const METADATA_KEY = "__metadata__";

function unreadable(problem: string): SyntaxError {
  return new SyntaxError(`Cannot read safetensors: ${problem}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is a list of safe integers from 0. */
function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The header's JSON and where the data starts. */
function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.byteLength < PREFIX) {
    throw unreadable(`the file has ${bytes.byteLength} bytes, needs at least ${PREFIX}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw unreadable(
      `a header of ${length} bytes is over the limit of ${MAX_HEADER_BYTES}: ` +
        "the file is damaged or has another format",
    );
  }
  const dataStart = PREFIX + Number(length);
  if (dataStart > bytes.byteLength) {
    throw unreadable(
      `the file is cut short: it has ${bytes.byteLength} bytes, the header ends at ${dataStart}`,
    );
  }
  let header: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(
      bytes.subarray(PREFIX, dataStart),
    );
    header = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError("Cannot read safetensors: the header is not JSON", { cause });
  }
  if (!isObject(header)) throw unreadable("the header is not a JSON object");
  return { header, dataStart };
}

function readMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (!isObject(value)) throw unreadable(`${METADATA_KEY} is not an object`);
  return Object.fromEntries(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== "string") throw unreadable(`metadata "${key}" is not a string`);
      return [key, text];
    }),
  );
}

/** A header entry, checked as far as it goes by itself. */
interface Entry {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function readEntry(name: string, value: unknown): Entry {
  const wrong = (problem: string) => unreadable(`tensor "${name}" ${problem}`);
  if (!isObject(value)) throw wrong("is not described by an object");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(ARRAYS, dtype)) {
    const known = Object.keys(ARRAYS).join(", ");
    throw wrong(`has the dtype ${JSON.stringify(dtype)}: must be one of ${known}`);
  }
  const kind = dtype as SafetensorsDType;
  if (!isCounts(shape)) throw wrong(`has the shape ${JSON.stringify(shape)}: must be sizes from 0`);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw wrong(`has the data_offsets ${JSON.stringify(offsets)}: must be [begin, end]`);
  }
  const [begin, end] = offsets as [number, number];
  const needed = elementsOf(shape) * ARRAYS[kind].BYTES_PER_ELEMENT;
  if (end - begin !== needed) {
    throw wrong(`has ${end - begin} bytes: ${kind} [${shape.join(", ")}] needs ${needed}`);
  }
  return { name, dtype: kind, shape, begin, end };
}

/**
 * Reads a safetensors file. The tensors are copies: they do not hold on to the file's bytes.
 *
 * @example Read what was written
 * ```ts
 * import { readSafetensors, writeSafetensors } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = writeSafetensors({ weight: { shape: [2], data: new Float32Array([1, 2]) } });
 * const { tensors } = readSafetensors(bytes);
 * assertEquals(tensors.get("weight")?.data, new Float32Array([1, 2]));
 * ```
 *
 * @param bytes The whole file.
 * @returns Tensors by name, and the file's metadata.
 * @throws {SyntaxError} If the file is cut short, damaged or in another format, has a dtype not
 * listed in {@linkcode SafetensorsDType}, or its tensors overlap or leave gaps.
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes);
  const { [METADATA_KEY]: notes, ...rest } = header;
  const metadata = readMetadata(notes);
  const entries = Object.entries(rest).map(([name, value]) => readEntry(name, value));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);

  const available = bytes.byteLength - dataStart;
  let position = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== position) {
      const problem = begin < position ? "overlaps another tensor" : "leaves a gap before it";
      throw unreadable(
        `tensor "${name}" ${problem}: it begins at ${begin}, the one before ends at ${position}`,
      );
    }
    if (end > available) {
      throw unreadable(
        `the file is cut short: it has ${available} bytes of data, tensor "${name}" ends at ${end}`,
      );
    }
    position = end;
  }
  if (position !== available) {
    throw unreadable(`${available - position} bytes after the last tensor belong to none`);
  }

  const tensors = new Map<string, SafetensorsTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const copy = new Uint8Array(end - begin);
    copy.set(bytes.subarray(dataStart + begin, dataStart + end));
    tensors.set(name, { dtype, shape, data: new ARRAYS[dtype](copy.buffer) });
  }
  return { tensors, metadata };
}

/** The dtype to write a tensor as, once its parts are checked to fit together. */
function checkInput(name: string, { dtype, shape, data }: SafetensorsInput): SafetensorsDType {
  if (name === METADATA_KEY) {
    throw new RangeError(`Cannot write a tensor named "${name}": the format reserves the name`);
  }
  if (!isCounts(shape) || elementsOf(shape) !== data.length) {
    throw new RangeError(
      `Cannot write tensor "${name}": ${data.length} elements do not fill [${shape.join(", ")}]`,
    );
  }
  const kinds = Object.keys(ARRAYS) as SafetensorsDType[];
  const fitting = kinds.filter((kind) => data instanceof ARRAYS[kind]);
  const chosen = dtype ?? fitting[0];
  if (chosen === undefined || !fitting.includes(chosen)) {
    throw new TypeError(
      `Cannot write tensor "${name}" as ${chosen} from a ${data.constructor.name}` +
        (fitting.length > 0 ? `: that holds ${fitting.join(", ")}` : ""),
    );
  }
  return chosen;
}

/** Names in the order of their UTF-16 code units, the same everywhere. */
function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Writes a safetensors file. The same tensors and metadata give the same bytes whatever their
 * order: wide dtypes come first, which keeps every tensor aligned, then names in order.
 *
 * @example Weights with a note
 * ```ts
 * import { readSafetensors, writeSafetensors } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const weight = { shape: [2, 1], data: new Float32Array([0.5, -0.5]) };
 * const bytes = writeSafetensors({ weight }, { format: "pt" });
 * assertEquals(readSafetensors(bytes).metadata, { format: "pt" });
 * ```
 *
 * @param tensors Tensors by name.
 * @param metadata Notes to keep in the header.
 * @returns The whole file.
 * @throws {RangeError} If a tensor's shape does not match its number of elements, or its name is
 * `__metadata__`.
 * @throws {TypeError} If a tensor's dtype does not match its array.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, SafetensorsInput>> | ReadonlyMap<string, SafetensorsInput>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const inputs = tensors instanceof Map ? [...tensors] : Object.entries(tensors);
  const sorted = inputs.toSorted((a, b) =>
    b[1].data.BYTES_PER_ELEMENT - a[1].data.BYTES_PER_ELEMENT || byName(a, b)
  );

  const notes = Object.entries(metadata).toSorted(byName);
  const header: [string, unknown][] = [];
  if (notes.length > 0) header.push([METADATA_KEY, Object.fromEntries(notes)]);
  let position = 0;
  const offsets: number[] = [];
  for (const [name, input] of sorted) {
    const dtype = checkInput(name, input);
    offsets.push(position);
    const end = position + input.data.byteLength;
    header.push([name, { dtype, shape: input.shape, data_offsets: [position, end] }]);
    position = end;
  }

  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const dataStart = PREFIX + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(dataStart + position);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(dataStart - PREFIX), true);
  bytes.fill(" ".charCodeAt(0), PREFIX, dataStart);
  bytes.set(json, PREFIX);
  sorted.forEach(([, { data }], i) => {
    const source = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    bytes.set(source, dataStart + offsets[i]!);
  });
  return bytes;
}

/** The value of a half-precision float from its bits (IEEE 754 binary16). */
function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * A tensor's elements as float32, whatever its dtype.
 *
 * @example Brain floats
 * ```ts
 * import { toFloat32Array } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const data = new Uint16Array([0x3f80, 0xc040]);
 * assertEquals(toFloat32Array({ dtype: "BF16", shape: [2], data }), new Float32Array([1, -3]));
 * ```
 *
 * @param tensor A tensor read from a file.
 * @returns The tensor's own array if it is float32 already, else a new one.
 */
export function toFloat32Array({ dtype, data }: SafetensorsTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (dtype === "F16") return Float32Array.from(data as Uint16Array, fromFloat16);
  if (dtype === "BF16") {
    // A brain float is the upper half of a float32.
    return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer);
  }
  return Float32Array.from<number | bigint>(data, Number);
}
