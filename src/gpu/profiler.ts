/**
 * Times every dispatch by timestamp queries. While a profiler is attached to a recorder, each
 * dispatch gets a compute pass of its own, which costs a little: shares are right, sums are not.
 *
 * @module
 */

/** Timed dispatches that a query set holds; WebGPU's limit is 4096 queries, two each */
const CAPACITY = 2048;

/** One timed dispatch */
export interface TimedDispatch {
  /** The kernel's name */
  readonly name: string;
  /** Nanoseconds on the device's clock */
  readonly start: number;
  /** Nanoseconds on the device's clock */
  readonly end: number;
  /** Floating-point operations, where the kernel says */
  readonly flops: number;
  /** Bytes of all bound tensors */
  readonly bytes: number;
}

/** Times the kernels of one device */
export class Profiler {
  readonly #device: GPUDevice;
  readonly #sets: { queries: GPUQuerySet; entries: Omit<TimedDispatch, "start" | "end">[] }[] = [];

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Where the next dispatch writes its times */
  next(entry: Omit<TimedDispatch, "start" | "end">): GPUComputePassTimestampWrites {
    let set = this.#sets.at(-1);
    if (!set || set.entries.length === CAPACITY) {
      const queries = this.#device.createQuerySet({ type: "timestamp", count: 2 * CAPACITY });
      this.#sets.push(set = { queries, entries: [] });
    }
    const index = 2 * set.entries.length;
    set.entries.push(entry);
    return {
      querySet: set.queries,
      beginningOfPassWriteIndex: index,
      endOfPassWriteIndex: index + 1,
    };
  }

  /** Reads all times; call it once everything was submitted */
  async read(): Promise<TimedDispatch[]> {
    const dispatches: TimedDispatch[] = [];
    for (const { queries, entries } of this.#sets) {
      const size = 16 * entries.length;
      // QUERY_RESOLVE | COPY_SRC, and MAP_READ | COPY_DST
      const resolved = this.#device.createBuffer({ size, usage: 0x200 | 0x04 });
      const staging = this.#device.createBuffer({ size, usage: 0x01 | 0x08 });
      const encoder = this.#device.createCommandEncoder();
      encoder.resolveQuerySet(queries, 0, 2 * entries.length, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
      this.#device.queue.submit([encoder.finish()]);
      await staging.mapAsync(0x01);
      const times = new BigUint64Array(staging.getMappedRange().slice(0));
      const origin = times[0]!;
      entries.forEach((entry, i) =>
        dispatches.push({
          ...entry,
          start: Number(times[2 * i]! - origin),
          end: Number(times[2 * i + 1]! - origin),
        })
      );
      resolved.destroy();
      staging.destroy();
      queries.destroy();
    }
    this.#sets.length = 0;
    return dispatches;
  }
}
