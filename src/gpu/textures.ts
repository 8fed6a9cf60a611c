/**
 * Buffers read as textures. Where an adapter loads from textures much faster than from buffers, a
 * kernel's operands are copied to textures just before its dispatch. A few textures of each size
 * serve all dispatches, since the queue runs in order; one that still holds what is wanted is not
 * written again, such as the input of queries, keys and values.
 *
 * @module
 */

import { TEXTURE_WIDTH } from "../../kernels/kernel.ts";
import { type PooledBuffer, sizeClass } from "./pool.ts";

/** A part of a buffer to be read as a texture, of whole vectors of four */
export interface TextureRead {
  readonly buffer: PooledBuffer;
  readonly byteOffset: number;
  readonly bytes: number;
  /** Whether the buffer holds floats of 16 bits instead of 32 */
  readonly isHalf: boolean;
}

/** A texture with TEXTURE_WIDTH texels a row */
interface BoundTexture {
  readonly id: number;
  readonly raw: GPUTexture;
  readonly view: GPUTextureView;
}

/** A texture that was filled once, with what is read often and does not change meanwhile */
export interface FixedTexture extends BoundTexture {
  /** Bytes of the part of a buffer that it was filled from */
  readonly bytes: number;
}

/** A texture that serves whatever is to be read */
interface StagingTexture extends BoundTexture {
  /** What it holds */
  contents: TextureRead | undefined;
  /** The buffer's version when it was copied */
  version: number;
}

/** A texture that must hold a part of a buffer before a dispatch */
export interface TextureCopy {
  readonly read: TextureRead;
  readonly texture: StagingTexture;
}

/** A texture in a dispatch */
export type TextureBinding = TextureCopy | { readonly texture: FixedTexture };

/** Whether a texture's contents must be there before each dispatch that reads it */
export function isCopied(binding: TextureBinding): binding is TextureCopy {
  return "read" in binding;
}

/** Bytes of four floats of 32 or 16 bits */
function texelBytes(isHalf: boolean): number {
  return isHalf ? 8 : 16;
}

/** Rows that WebGPU's default limits let a texture have */
const MAX_ROWS = 8192;

/** Most bytes that a texture holds */
export const MAX_TEXTURE_BYTES: number = MAX_ROWS * TEXTURE_WIDTH * texelBytes(false);

/** Textures of one size: two for the operands of a product, the others to remember */
const OF_A_SIZE = 4;

/** Copies parts of buffers to textures */
export class TextureStaging {
  readonly #device: GPUDevice;
  /** Textures by their number of rows, the longest unused first */
  readonly #textures = new Map<string, StagingTexture[]>();
  #nextId = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Finds a texture for each read of a dispatch: one that holds it already, if possible */
  bind(reads: readonly (TextureRead | FixedTexture)[]): TextureBinding[] {
    const taken: StagingTexture[] = [];
    return reads.map((read) => {
      if ("view" in read) return { texture: read };
      const rows = rowsOf(read, sizeClass(read.bytes));
      const key = `${rows},${read.isHalf}`;
      const shelf = this.#textures.get(key) ?? [];
      this.#textures.set(key, shelf);
      const free = shelf.filter((texture) => !taken.includes(texture));
      let texture = shelf.find((texture) => holds(texture, read)) ??
        (shelf.length < OF_A_SIZE ? undefined : free[0]);
      if (texture) shelf.splice(shelf.indexOf(texture), 1);
      else texture = this.#create(rows, read.isHalf);
      shelf.push(texture);
      taken.push(texture);
      return { read, texture };
    });
  }

  /** Those of a dispatch's textures that must be copied before it */
  stale(copies: readonly TextureCopy[]): readonly TextureCopy[] {
    return copies.filter(({ texture, read }) => !holds(texture, read));
  }

  /** Records copies */
  copy(encoder: GPUCommandEncoder, copies: readonly TextureCopy[]): void {
    for (const { texture, read } of copies) {
      fill(encoder, texture, read);
      texture.contents = read;
      texture.version = read.buffer.whole.version;
    }
  }

  /** A texture of its own for a part of a buffer, filled by the recorded copy; the caller destroys it */
  fix(encoder: GPUCommandEncoder, read: TextureRead): FixedTexture {
    const texture = this.#texture(rowsOf(read), read.isHalf);
    fill(encoder, texture, read);
    return { ...texture, bytes: read.bytes };
  }

  #create(rows: number, isHalf: boolean): StagingTexture {
    return { ...this.#texture(rows, isHalf), contents: undefined, version: 0 };
  }

  #texture(rows: number, isHalf: boolean): BoundTexture {
    const raw = this.#device.createTexture({
      size: [TEXTURE_WIDTH, rows],
      format: isHalf ? "rgba16float" : "rgba32float",
      usage: 0x02 | 0x08, // COPY_DST | STORAGE_BINDING
    });
    return { id: this.#nextId++, raw, view: raw.createView() };
  }
}

/**
 * Rows of a texture that hold so many bytes of what is read: an odd number. llvmpipe compiles kernels
 * once for textures whose height is a power of two and once for others, though nothing depends on it.
 */
function rowsOf({ bytes, isHalf }: TextureRead, space: number = bytes): number {
  const rows = Math.ceil(space / (TEXTURE_WIDTH * texelBytes(isHalf)));
  return Math.min(MAX_ROWS, Math.max(3, rows | 1));
}

function fill(encoder: GPUCommandEncoder, texture: BoundTexture, read: TextureRead): void {
  const { buffer, byteOffset, bytes } = read;
  const texel = texelBytes(read.isHalf);
  const bytesPerRow = TEXTURE_WIDTH * texel;
  const rows = Math.floor(bytes / bytesPerRow);
  const rest = Math.ceil((bytes - rows * bytesPerRow) / texel);
  const copy = (row: number, size: [number, number]) =>
    encoder.copyBufferToTexture(
      {
        buffer: buffer.raw,
        offset: buffer.byteOffset + byteOffset + row * bytesPerRow,
        bytesPerRow,
      },
      { texture: texture.raw, origin: [0, row] },
      size,
    );
  if (rows > 0) copy(0, [TEXTURE_WIDTH, rows]);
  if (rest > 0) copy(rows, [rest, 1]);
}

/** Whether a texture holds what a read asks for, as it is now */
function holds({ contents, version }: StagingTexture, read: TextureRead): boolean {
  return contents !== undefined && contents.buffer === read.buffer &&
    version === read.buffer.whole.version && contents.byteOffset === read.byteOffset &&
    contents.bytes >= read.bytes;
}
