/** Curves of a report: which there are, and the places they are drawn in. */

import { element, escape } from "../../src/display/markup.ts";
import type { Analysis, Unit } from "../../src/tasks/analysis.ts";
import type { MetricsLine } from "../../src/train/run_directory.ts";
import type { ReportedRun } from "./run.ts";
import { compact, formatValue, inWords } from "./units.ts";

/** A curve, as the script in the page draws it. */
export interface ChartLine {
  readonly name: string;
  /** Which of the palette's colours. */
  readonly colour: number;
  /** Which of the dashes; 0 is none. */
  readonly dash: number;
  /** Places along each axis that there is. */
  readonly x: { readonly step: readonly number[]; readonly seconds?: readonly number[] };
  readonly y: readonly number[];
}

/** A chart, as the script in the page draws it. */
export interface ChartData {
  readonly title: string;
  /** What the horizontal axis counts where it is not time. */
  readonly x: string;
  readonly unit: Unit;
  readonly lines: readonly ChartLine[];
  /** Whether the chart can switch to time and to a logarithmic scale with the others. */
  readonly isCourse: boolean;
}

/** A curve of every run, before colours are given out. */
interface Measure {
  readonly name: string;
  value(line: MetricsLine): number | undefined;
}

/** Rows of a chart's table. */
const TABLE_ROWS = 12;

/** The courses of all runs: losses, what was measured, learning rate, gradient norm, speed. */
export function courseCharts(runs: readonly ReportedRun[]): ChartData[] {
  const names = new Set(
    runs.flatMap(({ metrics }) => metrics.flatMap((line) => Object.keys(line.metrics ?? {}))),
  );
  const measures = [...names].map((name): Measure => ({
    name: inWords(name),
    value: (line) => line.metrics?.[name],
  }));
  const isAccuracy = ({ name }: Measure) => /accuracy/i.test(name);
  const chart = (title: string, unit: Unit, measured: readonly Measure[]): ChartData[] => {
    const lines = runs.flatMap((run, r) =>
      measured.flatMap((measure, m): ChartLine[] => {
        const points = run.metrics.flatMap((line) => {
          const value = measure.value(line);
          return value === undefined ? [] : [{ line, value }];
        });
        const isAlone = runs.length === 1;
        const name = isAlone
          ? measure.name
          : measured.length === 1
          ? run.name
          : `${run.name}, ${measure.name.toLowerCase()}`;
        return points.length === 0 ? [] : [{
          name,
          colour: isAlone ? m : r,
          dash: m,
          x: {
            step: points.map(({ line }) => line.step),
            seconds: points.map(({ line }) => compact(line.elapsedSeconds)),
          },
          y: points.map(({ value }) => compact(value)),
        }];
      })
    );
    return lines.length > 0 ? [{ title, x: "step", unit, lines, isCourse: true }] : [];
  };
  return [
    ...chart("Loss", "nats", [
      { name: "Training loss", value: (line) => line.loss },
      { name: "Validation loss", value: (line) => line.valLoss },
      ...measures.filter(({ name }) => /loss/i.test(name)),
    ]),
    ...chart("Accuracy", "share", measures.filter(isAccuracy)),
    ...measures.filter(({ name }) => !/accuracy|loss/i.test(name)).flatMap((measure) =>
      chart(measure.name, "number", [measure])
    ),
    ...chart("Learning rate", "number", [{
      name: "Learning rate",
      value: (line) => line.learningRate,
    }]),
    ...chart("Gradient norm", "number", [{
      name: "Gradient norm",
      value: (line) => line.gradNorm,
    }]),
    ...chart("Clip factor", "number", [{
      name: "Clip factor",
      value: (line) => line.clipFactor,
    }]),
    ...chart("Tokens per second", "number", [{
      name: "Tokens per second",
      value: (line) => line.tokensPerSecond,
    }]),
  ];
}

/** Charts that an analysis brings along. */
export function analysisCharts({ charts }: Analysis): ChartData[] {
  return charts.map(({ title, x, y, unit, curves, levels = [] }) => {
    const places = curves.flatMap(({ points }) => points.map(([at]) => at));
    const ends = [Math.min(...places), Math.max(...places)];
    return {
      title: y === "" ? title : `${title}: ${y}`,
      x,
      unit,
      isCourse: false,
      lines: [
        ...curves.map(({ title: name, points }, i) => ({
          name,
          colour: i,
          dash: i,
          x: { step: points.map(([at]) => at) },
          y: points.map(([, value]) => compact(value)),
        })),
        ...levels.map(({ title: name, value }, i) => ({
          name,
          colour: curves.length + i,
          dash: 4,
          x: { step: ends },
          y: [value, value],
        })),
      ],
    };
  });
}

/** The place of a chart in the page, with its numbers as a table. */
export function chartFigure(chart: ChartData, index: number): string {
  const told = chart.lines.map(({ name, y }) =>
    `${name}: from ${formatValue(y[0], chart.unit)} to ${formatValue(y.at(-1), chart.unit)}`
  );
  return element(
    "figure",
    { class: "chart" },
    [
      element("figcaption", {}, escape(chart.title)),
      element("div", {
        class: "plot",
        "data-chart": `${index}`,
        tabindex: "0",
        role: "application",
        "aria-roledescription": "chart",
        "aria-label": `${chart.title}. ${told.join(". ")}. Left and right move along the curves.`,
      }),
      element(
        "details",
        {},
        element("summary", {}, "Numbers") + element("div", { class: "scroll" }, numbers(chart)),
      ),
    ].join(""),
  );
}

/** Some of the points, evenly spread, as a table. */
function numbers({ lines, unit, x }: ChartData): string {
  const all = [...new Set(lines.flatMap((line) => line.x.step))].sort((a, b) => a - b);
  const count = Math.min(TABLE_ROWS, all.length);
  const places = Array.from(
    { length: count },
    (_, i) => all[Math.round(i * (all.length - 1) / Math.max(1, count - 1))]!,
  );
  // The newest value up to a place, as the legend shows it.
  const at = (line: ChartLine, place: number) =>
    line.y[line.x.step.findLastIndex((step) => step <= place)];
  const head = [x, ...lines.map(({ name }) => name)].map((name) =>
    element("th", { scope: "col" }, escape(name))
  );
  const rows = places.map((place) => [
    element("th", { scope: "row" }, place.toLocaleString("en")),
    ...lines.map((line) => element("td", {}, formatValue(at(line, place), unit))),
  ]);
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, head.join(""))) +
      element("tbody", {}, rows.map((row) => element("tr", {}, row.join(""))).join("")),
  );
}
