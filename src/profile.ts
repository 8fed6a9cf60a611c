/**
 * Where the time goes: a table of kernels, from timestamp queries.
 *
 * @module
 */

import { Profiler, type TimedDispatch } from "./gpu/profiler.ts";
import type { GpuRuntime } from "./gpu/runtime.ts";

/** All dispatches of one kernel */
export interface KernelProfile {
  /** The kernel's name */
  name: string;
  /** Number of dispatches */
  count: number;
  /** Time on the device, in milliseconds */
  milliseconds: number;
  /** Part of the time of all kernels, from 0 to 1 */
  share: number;
  /** Billions of floating-point operations a second; 0 where the kernel does not count them */
  gflops: number;
  /** Billions of bytes a second, as if every bound buffer were read or written once */
  gbytes: number;
}

/** What `device.profile()` found */
export class Profile {
  /** Every dispatch in order */
  readonly dispatches: readonly TimedDispatch[];

  /** Made by `device.profile()` */
  constructor(dispatches: readonly TimedDispatch[]) {
    this.dispatches = dispatches;
  }

  /** Time of all kernels on the device, in milliseconds */
  get milliseconds(): number {
    return this.dispatches.reduce((sum, { start, end }) => sum + (end - start) / 1e6, 0);
  }

  /** One entry for each kernel, the dearest first */
  get kernels(): KernelProfile[] {
    const total = this.milliseconds;
    const groups = Map.groupBy(this.dispatches, ({ name }) => name);
    return [...groups].map(([name, dispatches]) => {
      const sum = (of: (dispatch: TimedDispatch) => number) =>
        dispatches.reduce((total, dispatch) => total + of(dispatch), 0);
      const nanoseconds = sum(({ start, end }) => end - start);
      return {
        name,
        count: dispatches.length,
        milliseconds: nanoseconds / 1e6,
        share: nanoseconds / 1e6 / total,
        gflops: sum(({ flops }) => flops) / nanoseconds,
        gbytes: sum(({ bytes }) => bytes) / nanoseconds,
      };
    }).sort((a, b) => b.milliseconds - a.milliseconds);
  }

  /** The table as text */
  toString(): string {
    const rows = this.kernels.map(({ name, count, milliseconds, share, gflops, gbytes }) =>
      [
        name.padEnd(32),
        `${count}`.padStart(6),
        milliseconds.toFixed(2).padStart(10),
        `${(100 * share).toFixed(1)} %`.padStart(8),
        (gflops > 0 ? gflops.toFixed(1) : "").padStart(9),
        gbytes.toFixed(1).padStart(7),
      ].join(" ")
    );
    const head = `${"kernel".padEnd(32)}  count         ms    share   GFLOP/s    GB/s`;
    return [
      head,
      ...rows,
      `${"all".padEnd(32)} ${`${this.dispatches.length}`.padStart(6)} ${
        this.milliseconds.toFixed(2).padStart(10)
      }`,
    ].join("\n");
  }

  /** The dispatches in the JSON format of Chrome's tracing tool and Perfetto */
  toChromeTrace(): string {
    return JSON.stringify({
      traceEvents: this.dispatches.map(({ name, start, end, flops, bytes }) => ({
        name,
        ph: "X",
        pid: 1,
        tid: 1,
        ts: start / 1e3,
        dur: (end - start) / 1e3,
        args: { flops, bytes },
      })),
    });
  }
}

/** Runs `compute` with every kernel timed */
export async function profile(
  runtime: GpuRuntime,
  compute: () => void | Promise<void>,
): Promise<Profile> {
  if (!runtime.traits.timestamps) {
    throw new Error("Cannot profile: this adapter has no timestamp queries");
  }
  const { recorder } = runtime;
  await recorder.finish();
  const profiler = new Profiler(runtime.raw);
  recorder.profiler = profiler;
  try {
    await compute();
    recorder.submit();
  } finally {
    recorder.profiler = undefined;
  }
  return new Profile(await profiler.read());
}
