/** Results, and how they are shown. */

import type { PeerName } from "./contender.ts";

/** How a peer did at a work item */
export interface Result {
  /** Library, version, what it computes on */
  readonly description?: string;
  /** Median of the measurements, per call */
  readonly milliseconds?: number;
  /** Every measurement */
  readonly measurements?: readonly number[];
  /** Calls in one measurement */
  readonly calls?: number;
  /** Largest difference from the reference, relative to the largest value */
  readonly difference?: number;
  /** Why there is no time */
  readonly unable?: string;
}

/** All results of a work item */
export interface WorkReport {
  readonly id: string;
  readonly title: string;
  readonly flops?: number;
  /** What results were compared with */
  readonly reference: string;
  readonly results: Partial<Record<PeerName, Result>>;
}

/** A whole run */
export interface Report {
  readonly date: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly repeats: number;
  readonly works: readonly WorkReport[];
}

/** The middle value, or the mean of the two in the middle */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}

/** The machine that this runs on */
export function describeMachine(): Record<string, string | number> {
  return {
    processor: processorName(),
    cores: navigator.hardwareConcurrency,
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    system: `${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}`,
    deno: Deno.version.deno,
    loadAtStart: Deno.loadavg()[0]!,
  };
}

function processorName(): string {
  try {
    const found = /model name\s*: (.*)/.exec(Deno.readTextFileSync("/proc/cpuinfo"));
    return found?.[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}

/** Milliseconds, or GFLOP/s where they say more */
export function formatTime(milliseconds: number, flops: number | undefined): string {
  if (flops) return `${(flops / milliseconds / 1e6).toPrecision(3)} GFLOP/s`;
  const digits = milliseconds < 10 ? 2 : milliseconds < 100 ? 1 : 0;
  return `${milliseconds.toFixed(digits)} ms`;
}

/** A Markdown table: a row for each work item, how much longer each peer took than ours in brackets */
export function formatTable(works: readonly WorkReport[], peers: readonly PeerName[]): string {
  const rows = works.map((work) => [
    work.title,
    ...peers.map((peer) => formatCell(work, peer)),
  ]);
  const header = ["work", ...peers];
  const widths = header.map((name, i) =>
    Math.max(name.length, ...rows.map((row) => row[i]!.length))
  );
  const line = (cells: readonly string[]) =>
    `| ${
      cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join(
        " | ",
      )
    } |`;
  const rule = `| ${
    widths.map((width, i) => "-".repeat(width - 1) + (i === 0 ? "-" : ":")).join(" | ")
  } |`;
  return [line(header), rule, ...rows.map(line)].join("\n");
}

function formatCell(work: WorkReport, peer: PeerName): string {
  const result = work.results[peer];
  if (!result) return "";
  if (result.milliseconds === undefined) return "–";
  const time = formatTime(result.milliseconds, work.flops);
  const ours = work.results.kindling?.milliseconds;
  if (peer === "kindling" || ours === undefined) return time;
  return `${time} (${(result.milliseconds / ours).toFixed(2)}×)`;
}

/** A line for each peer that could not do a work item, with the reason */
export function formatReasons(works: readonly WorkReport[]): string[] {
  return works.flatMap((work) =>
    Object.entries(work.results).flatMap(([peer, { unable }]) =>
      unable === undefined ? [] : [`${work.title}: ${peer}: ${unable.split("\n")[0]}`]
    )
  );
}
