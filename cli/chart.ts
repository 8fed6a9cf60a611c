/**
 * A loss curve in the terminal: training as a line, validation as marks over it. Braille characters
 * give two by four dots a cell; without Unicode a cell is one dot.
 */

import { Canvas } from "./canvas.ts";
import { formatCount } from "./format.ts";
import { type Style, styled } from "./terminal.ts";

/** One measured value. */
export interface ChartPoint {
  readonly step: number;
  readonly value: number;
}

/** What is drawn, and how. */
export interface ChartOptions {
  readonly training: readonly ChartPoint[];
  readonly validation?: readonly ChartPoint[];
  /** What the values are. Default `loss`. */
  readonly title?: string;
  /** Columns, all included. Default 80. */
  readonly width?: number;
  /** Lines, all included. Default 15. */
  readonly height?: number;
  /** Whether characters beyond ASCII may be used. Default true. */
  readonly unicode?: boolean;
  /** Whether to colour the two curves. Default false. */
  readonly colour?: boolean;
}

/** Draws both curves over the steps; an empty text where there are fewer than two finite values. */
export function lossChart(options: ChartOptions): string {
  const { title = "loss", unicode = true, colour = false } = options;
  const training = options.training.filter(isFinitePoint);
  const validation = (options.validation ?? []).filter(isFinitePoint);
  const all = [...training, ...validation];
  if (all.length < 2) return "";

  // One line each for the legend, the axis and its labels.
  const rows = Math.max(3, (options.height ?? 15) - 3);
  const y = scaleWithTicks(range(all.map((point) => point.value)), rows / 3);
  const labels = y.ticks.map((tick) => tick.toFixed(y.decimals));
  const margin = Math.max(...labels.map((label) => label.length));
  const columns = Math.max(10, (options.width ?? 80) - margin - 2);
  const x = range(all.map((point) => point.step));

  const canvas = new Canvas({ columns, rows, unicode });
  const place = (point: ChartPoint): Dot => ({
    x: share(point.step, x) * (canvas.dotColumns - 1),
    y: (1 - share(point.value, y)) * (canvas.dotRows - 1),
  });
  canvas.polyline(columnMeans(training.map(place)));
  const mark = unicode ? "●" : "o";
  for (const dot of columnMeans(validation.map(place), canvas.dotsPerCellX)) canvas.mark(dot, mark);

  const paint = (style: Style, text: string) => colour ? styled(style, text) : text;
  const [axis, corner, tickMark, rule] = unicode ? ["│", "└", "┤", "─"] : ["|", "+", "+", "-"];
  const labelOfRow = new Map(
    y.ticks.map((tick, i) => [Math.round((1 - share(tick, y)) * (rows - 1)), labels[i] ?? ""]),
  );
  const body = canvas.lines((text, isMark) => paint(isMark ? "yellow" : "cyan", text))
    .map((line, row) => {
      const label = labelOfRow.get(row);
      return `${(label ?? "").padStart(margin)} ${label === undefined ? axis : tickMark}${line}`;
    });
  const legend = [
    title,
    training.length > 0 ? paint("cyan", `${unicode ? "⠒⠒" : "**"} training`) : "",
    validation.length > 0 ? paint("yellow", `${mark} validation`) : "",
  ].filter((text) => text !== "").join("   ");
  return [
    " ".repeat(margin + 2) + legend,
    ...body.map((line) => line.trimEnd()),
    " ".repeat(margin + 1) + corner + rule!.repeat(columns),
    " ".repeat(margin + 2) + stepLabels(x, columns),
  ].join("\n");
}

interface Range {
  readonly low: number;
  readonly high: number;
}

interface Scale extends Range {
  readonly ticks: readonly number[];
  readonly decimals: number;
}

interface Dot {
  readonly x: number;
  readonly y: number;
}

function isFinitePoint({ step, value }: ChartPoint): boolean {
  return Number.isFinite(step) && Number.isFinite(value);
}

function range(values: readonly number[]): Range {
  return {
    low: values.reduce((a, b) => Math.min(a, b), Infinity),
    high: values.reduce((a, b) => Math.max(a, b), -Infinity),
  };
}

/** Where a value lies in a range, from 0 to 1. */
function share(value: number, { low, high }: Range): number {
  return high > low ? (value - low) / (high - low) : 0.5;
}

/** Round ticks inside the range, at least two: 1, 2 or 5 times a power of ten apart. */
function scaleWithTicks({ low, high }: Range, intervals: number): Scale {
  if (high <= low) {
    // A flat curve runs through the middle.
    const half = Math.abs(high) / 10 || 1;
    [low, high] = [low - half, high + half];
  }
  let step = niceStep((high - low) / intervals);
  let ticks = multiples(step, { low, high });
  for (; ticks.length < 2; ticks = multiples(step, { low, high })) step = niceStep(step / 2.5);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return { low, high, ticks, decimals };
}

/** The multiples of `step` in a range. */
function multiples(step: number, { low, high }: Range): number[] {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step);
}

/** The least of 1, 2 and 5 times a power of ten that is not below `rough`. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** One dot for every `width` dot columns, at the mean height of the dots there: downsampling. */
function columnMeans(dots: readonly Dot[], width = 1): Dot[] {
  const columns = new Map<number, { sum: number; count: number }>();
  for (const dot of dots) {
    const column = Math.floor(dot.x / width) * width;
    const entry = columns.get(column) ?? { sum: 0, count: 0 };
    columns.set(column, { sum: entry.sum + dot.y, count: entry.count + 1 });
  }
  return [...columns].map(([x, { sum, count }]) => ({ x, y: sum / count })).sort((a, b) =>
    a.x - b.x
  );
}

/** Step counts under the axis, each centred below its place, none touching another. */
function stepLabels(x: Range, columns: number): string {
  const step = Math.max(1, niceStep((x.high - x.low) / Math.max(2, Math.floor(columns / 14)) || 1));
  const line = Array<string>(columns).fill(" ");
  let free = 0;
  for (const tick of multiples(step, x)) {
    const label = formatCount(tick).replace(".0", "");
    const centre = Math.round(share(tick, x) * (columns - 1));
    const start = Math.min(columns - label.length, Math.max(0, centre - (label.length >> 1)));
    if (start < free) continue;
    line.splice(start, label.length, ...label);
    free = start + label.length + 2;
  }
  return line.join("").trimEnd();
}
