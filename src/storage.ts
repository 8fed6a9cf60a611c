/**
 * The memory behind tensors: one buffer, shared by all views of it and by the tape, given back to
 * the pool when the last of them lets go.
 *
 * @module
 */

import type { BufferPool, PooledBuffer } from "./gpu/pool.ts";

/** A reference-counted buffer; tensors without elements have none */
export class Storage {
  readonly #pool: BufferPool;
  readonly #buffer: PooledBuffer | undefined;
  #references = 1;

  constructor(pool: BufferPool, bytes: number) {
    this.#pool = pool;
    this.#buffer = bytes > 0 ? pool.acquire(bytes) : undefined;
  }

  /** The buffer */
  get buffer(): PooledBuffer | undefined {
    return this.#buffer;
  }

  /** Whether exactly one tensor uses the buffer, so that it may be overwritten unseen */
  get isUnshared(): boolean {
    return this.#references === 1;
  }

  /** Adds a user */
  retain(): this {
    this.#references++;
    return this;
  }

  /** Removes a user; the last one returns the buffer to the pool */
  release(): void {
    this.#references--;
    if (this.#references === 0 && this.#buffer) this.#pool.release(this.#buffer);
  }
}
