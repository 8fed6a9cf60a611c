/**
 * Buffers that outlive the tensors in them. Creating and zeroing a buffer costs more than most
 * kernels, so freed buffers wait here, sorted by size class, for the next tensor of their size.
 *
 * A buffer may be handed out again while commands that use it are still unsubmitted: the queue runs
 * dispatches in order, so a later command cannot disturb an earlier one. Only writes from the host
 * jump the queue, and the recorder submits before such a write.
 *
 * @module
 */

/** A GPU buffer and what the runtime has to know about it */
export interface PooledBuffer {
  /** Unique for the lifetime of the device: part of bind-group keys */
  readonly id: number;
  readonly raw: GPUBuffer;
  /** Capacity in bytes, a size class */
  readonly size: number;
  /** The recorder's batch number when a command last used the buffer */
  lastBatch: number;
}

/** Most bytes kept in waiting; beyond it the longest waiting are destroyed */
const DEFAULT_CAP = 1 << 30;

const USAGE = 0x80 | 0x04 | 0x08; // STORAGE | COPY_SRC | COPY_DST

/**
 * The size class of a request in bytes: four classes to each power of two from 256 bytes up, so
 * that at most a fifth of a buffer is wasted.
 */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** (Math.ceil(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}

/** Lends buffers by size class */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #cap: number;
  readonly #waiting = new Map<number, PooledBuffer[]>();
  readonly #onDestroy: (buffer: PooledBuffer) => void;
  #nextId = 1;
  #lentBytes = 0;
  #pooledBytes = 0;
  #created = 0;

  constructor(
    device: GPUDevice,
    onDestroy: (buffer: PooledBuffer) => void,
    cap: number = DEFAULT_CAP,
  ) {
    this.#device = device;
    this.#onDestroy = onDestroy;
    this.#cap = cap;
  }

  /** Lends a buffer of at least `bytes` bytes; its contents are arbitrary */
  acquire(bytes: number): PooledBuffer {
    const size = sizeClass(bytes);
    this.#lentBytes += size;
    const waiting = this.#waiting.get(size);
    const reused = waiting?.pop();
    if (reused) {
      this.#pooledBytes -= size;
      return reused;
    }
    const limit = Math.min(
      this.#device.limits.maxBufferSize,
      this.#device.limits.maxStorageBufferBindingSize,
    );
    if (bytes > limit) {
      this.#lentBytes -= size;
      throw new RangeError(
        `Cannot allocate ${bytes} bytes for one tensor: this adapter allows at most ${limit}`,
      );
    }
    this.#created++;
    return {
      id: this.#nextId++,
      raw: this.#device.createBuffer({ size: Math.min(size, limit), usage: USAGE }),
      size,
      lastBatch: -1,
    };
  }

  /** Takes a buffer back */
  release(buffer: PooledBuffer): void {
    this.#lentBytes -= buffer.size;
    let waiting = this.#waiting.get(buffer.size);
    if (!waiting) this.#waiting.set(buffer.size, waiting = []);
    waiting.push(buffer);
    this.#pooledBytes += buffer.size;
  }

  /**
   * Destroys waiting buffers, the largest first, until no more than the cap waits. Call it only
   * when no unsubmitted command uses a waiting buffer.
   */
  trim(cap: number = this.#cap): void {
    if (this.#pooledBytes <= cap) return;
    for (const size of [...this.#waiting.keys()].sort((a, b) => b - a)) {
      const waiting = this.#waiting.get(size)!;
      while (waiting.length > 0 && this.#pooledBytes > cap) {
        const buffer = waiting.shift()!;
        this.#pooledBytes -= size;
        this.#onDestroy(buffer);
        buffer.raw.destroy();
      }
    }
  }

  /** Bytes lent to tensors, bytes in waiting and the number of buffers ever created */
  get usage(): { usedBytes: number; pooledBytes: number; buffersCreated: number } {
    return {
      usedBytes: this.#lentBytes,
      pooledBytes: this.#pooledBytes,
      buffersCreated: this.#created,
    };
  }
}
