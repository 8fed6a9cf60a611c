/**
 * Memory for many tensors side by side, so that one kernel can run over all of them. Parameters,
 * their gradients and an optimizer's state lie in arenas of one layout each.
 *
 * Nothing depends on it but speed: what lies elsewhere, such as a gradient that somebody assigned,
 * is found by {@link runs} and gets a kernel of its own.
 *
 * @module
 */

import type { Device } from "../device.ts";
import { PART_ALIGNMENT } from "../gpu/pool.ts";
import { fill } from "../launch/pointwise.ts";
import { GradientHome, Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";

/** Bytes of a float32: only those are optimized */
const ELEMENT_BYTES = 4;

/** Where a tensor lies: in which buffer, and where in it */
interface Place {
  readonly buffer: number;
  readonly byteOffset: number;
  readonly bytes: number;
}

/** The places of tensors of the given sizes in bytes, and the sizes of as few buffers as possible */
export function layOut(
  sizes: readonly number[],
  largestBuffer: number,
): { places: Place[]; buffers: number[] } {
  const buffers: number[] = [];
  const places = sizes.map((bytes): Place => {
    const padded = Math.ceil(bytes / PART_ALIGNMENT) * PART_ALIGNMENT;
    const isFull = buffers.length === 0 || buffers.at(-1)! + padded > largestBuffer;
    if (isFull) buffers.push(0);
    const buffer = buffers.length - 1;
    const byteOffset = buffers[buffer]!;
    buffers[buffer]! += padded;
    return { buffer, byteOffset, bytes };
  });
  return { places, buffers };
}

/** Memory with a place for each of some tensors */
export class Arena {
  readonly #memory: readonly Storage[];
  readonly #places: readonly Place[];

  /** The memory is full of zeros, also between the places */
  constructor(device: Device, tensors: readonly Tensor[]) {
    const { pool } = device.runtime;
    const { places, buffers } = layOut(
      tensors.map(({ size }) => size * ELEMENT_BYTES),
      pool.largest,
    );
    this.#places = places;
    this.#memory = buffers.map((bytes) => Storage.allocate(pool, bytes, { exact: true }));
    for (const storage of this.#memory) {
      using all = new Tensor(device, {
        shape: [storage.bytes / ELEMENT_BYTES],
        dtype: "f32",
        storage,
      });
      fill(all, 0);
    }
  }

  /** The place of tensor number `index`; none for a tensor without elements */
  part(index: number): Storage | undefined {
    const { buffer, byteOffset, bytes } = this.#places[index]!;
    return bytes > 0 ? this.#memory[buffer]!.part(byteOffset, bytes) : undefined;
  }

  /** The place of tensor number `index` for gradients */
  home(index: number): GradientHome | undefined {
    const { buffer, byteOffset, bytes } = this.#places[index]!;
    return bytes > 0 ? new GradientHome(this.#memory[buffer]!, byteOffset, bytes) : undefined;
  }

  /** A tensor like number `index`, full of zeros, in its place */
  tensor(index: number, like: Tensor): Tensor {
    const storage = this.part(index);
    const { device, shape } = like;
    const tensor = new Tensor(device, { shape, dtype: "f32", ...(storage && { storage }) });
    storage?.release();
    return tensor;
  }

  /** Lets go; the memory is freed with the last tensor in it */
  dispose(): void {
    for (const storage of this.#memory) storage.release();
  }
}

/**
 * Moves tensors into an arena, with all views of them, unless they lie side by side already.
 *
 * @throws {TypeError} if a tensor does not fill its memory row by row
 */
export function gather(device: Device, tensors: readonly Tensor[]): void {
  const { pool, recorder } = device.runtime;
  const whole = tensors.filter((tensor) => tensor.size > 0);
  for (const tensor of whole) {
    const { bytes } = tensor.storage("optimize");
    if (!tensor.isContiguous || tensor.offset > 0 || bytes !== tensor.size * ELEMENT_BYTES) {
      throw new TypeError(`Cannot optimize ${tensor}: it is a view of a part of another tensor`);
    }
  }
  const { buffers } = layOut(whole.map(({ size }) => size * ELEMENT_BYTES), pool.largest);
  if (runsOf(whole.map((tensor) => [tensor])).length === buffers.length) return;
  const arena = new Arena(device, whole);
  for (const [index, tensor] of whole.entries()) {
    const storage = tensor.storage("optimize");
    const part = arena.part(index)!;
    recorder.copy(storage.buffer!, part.buffer!, storage.bytes);
    storage.moveTo(part);
  }
  arena.dispose();
}

/**
 * Calls `use` for every run of rows whose tensors lie behind those of the row before, column by
 * column in the same order, with each column as one flat tensor, and with the number of elements
 * before each row of the run. The tensors of a row have one size.
 */
export function runs<Row extends readonly Tensor[]>(
  rows: readonly Row[],
  use: (columns: readonly Tensor[], starts: ReadonlyMap<Row, number>) => void,
): void {
  for (const run of runsOf(rows.filter(([first]) => first!.size > 0))) {
    const starts = new Map<Row, number>();
    let bytes = 0;
    for (const row of run) {
      starts.set(row, bytes / ELEMENT_BYTES);
      bytes += bufferOf(row[0]!).size;
    }
    const columns = run[0]!.map((first) => {
      if (run.length === 1) return first.view({ shape: [first.size], offset: 0 });
      const storage = first.storage("optimize").extended(bytes);
      const shape = [bytes / ELEMENT_BYTES];
      const flat = new Tensor(first.device, { shape, dtype: "f32", storage });
      storage.release();
      return flat;
    });
    use(columns, starts);
    for (const column of columns) column.dispose();
  }
}

/** Rows in runs */
function runsOf<Row extends readonly Tensor[]>(rows: readonly Row[]): Row[][] {
  const found: Row[][] = [];
  for (const row of rows) {
    const last = found.at(-1);
    if (last && isBehind(row, last.at(-1)!)) last.push(row);
    else found.push([row]);
  }
  return found;
}

/** Whether every tensor of a row lies right behind that of the row before */
function isBehind(row: readonly Tensor[], before: readonly Tensor[]): boolean {
  const { size } = bufferOf(row[0]!);
  const sizeBefore = bufferOf(before[0]!).size;
  return row.every((tensor, column) => {
    const own = bufferOf(tensor), previous = bufferOf(before[column]!);
    return own.size === size && previous.size === sizeBefore && own.raw === previous.raw &&
      own.byteOffset === previous.byteOffset + sizeBefore;
  });
}

function bufferOf(tensor: Tensor) {
  return tensor.storage("optimize").buffer!;
}
