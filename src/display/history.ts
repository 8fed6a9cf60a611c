/**
 * The course of a training, kept to be looked at.
 *
 * @module
 */

import { type Curve, curves, sideBySide } from "./curves.ts";
import { JUPYTER_DISPLAY, type MimeBundle, type Picture } from "./picture.ts";

/** Numbers of one step or epoch by name; others are kept but not drawn */
export type HistoryLine = Readonly<Record<string, unknown>>;

/** What lines may be counted by, the first that is there */
const COUNTERS = ["step", "epoch", "tokens"];

/** Charts, and which names belong to each; several curves share one scale */
const CHARTS: readonly (readonly [title: string, pattern: RegExp])[] = [
  ["Loss", /loss/i],
  ["Accuracy", /accuracy/i],
  ["Learning rate", /^(learningRate|lr)$/],
  ["Gradient norm", /^gradNorm$/],
  ["Clip factor", /^clipFactor$/],
];

/** What is about the course rather than the model, and not drawn */
const UNDRAWN = /^(tokens|step|epoch|tokensPerSecond|elapsedSeconds)$/;

/**
 * The lines of a training: what `train()` yields, what `metrics.jsonl` holds, or epochs of a task.
 * In a notebook it draws itself: losses, accuracies, learning rate, gradient norm, clip factor, and
 * what else was recorded.
 *
 * @example
 * ```ts
 * import { TrainingHistory } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const history = new TrainingHistory([{ step: 1, loss: 4 }]);
 * history.push({ step: 2, loss: 2 });
 * assertEquals(history.last?.loss, 2);
 * assertEquals(history.picture().text, "Loss\nloss: 4.000 at 1, 2.000 at 2");
 * ```
 */
export class TrainingHistory<Line extends object = HistoryLine> {
  /** All lines in order */
  readonly lines: Line[] = [];

  /** A history of lines that are there already */
  constructor(lines: Iterable<Line> = []) {
    for (const line of lines) this.push(line);
  }

  /** Keeps all that a training yields, and returns when it ends */
  static async of<Line extends object>(
    training: AsyncIterable<Line>,
  ): Promise<TrainingHistory<Line>> {
    const history = new TrainingHistory<Line>();
    for await (const line of training) history.push(line);
    return history;
  }

  /** Adds a line */
  push(line: Line): void {
    this.lines.push(line);
  }

  /** The newest line */
  get last(): Line | undefined {
    return this.lines.at(-1);
  }

  /** One curve for each name that has numbers, over steps, or epochs where there are no steps */
  curves(): Curve[] {
    // What a run measures beside the losses lies one level deeper.
    const lines = (this.lines as readonly HistoryLine[]).map((line) => ({
      ...line,
      ...line.metrics as HistoryLine | undefined,
    }));
    const counter = this.counter;
    const names = new Set(lines.flatMap((line) => Object.keys(line)));
    return [...names].filter((name) => name !== counter).flatMap((name) => {
      const measured = lines.flatMap((line, i) => {
        const { [name]: value, [counter ?? ""]: place = i } = line as HistoryLine;
        const at = place as number;
        return typeof value === "number" ? [{ at, value }] : [];
      });
      if (measured.length === 0) return [];
      return [{ name, x: measured.map(({ at }) => at), y: measured.map(({ value }) => value) }];
    });
  }

  /** What the lines are counted by: `step`, `epoch` or `tokens` */
  get counter(): string | undefined {
    const first = this.lines[0] as HistoryLine | undefined;
    return COUNTERS.find((name) => typeof first?.[name] === "number");
  }

  /** The charts */
  picture(): Picture {
    const lines = this.curves();
    const isOther = ({ name }: Curve) =>
      !UNDRAWN.test(name) && !CHARTS.some(([_, pattern]) => pattern.test(name));
    const charts: [title: string, drawn: Curve[]][] = [
      ...CHARTS.map(([title, pattern]): [string, Curve[]] => [
        title,
        lines.filter(({ name }) => pattern.test(name)),
      ]),
      ...lines.filter(isOther).map((line): [string, Curve[]] => [line.name, [line]]),
    ];
    const xTitle = this.counter ?? "line";
    return sideBySide(
      charts.filter(([, drawn]) => drawn.length > 0)
        .map(([title, drawn]) => curves(drawn, { title, xTitle })),
    );
  }

  /** For Deno's Jupyter kernel */
  [JUPYTER_DISPLAY](): MimeBundle {
    return this.picture()[JUPYTER_DISPLAY]();
  }
}
