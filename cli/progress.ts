/**
 * A progress bar: one line redrawn in place on a terminal, a plain line now and then elsewhere, so
 * that logs stay readable.
 */

import { formatClock, formatInteger } from "./format.ts";
import { columns, hasUnicode, isTerminal, write } from "./terminal.ts";

/** Where progress is shown. Tests bring their own. */
export interface ProgressScreen {
  readonly live: boolean;
  readonly unicode: boolean;
  columns(): number;
  /** Milliseconds on a steady clock. */
  now(): number;
  write(text: string): void;
}

/** What a progress bar counts. */
export interface ProgressOptions {
  /** What is going on: `train`. */
  readonly label: string;
  /** How many steps there are. */
  readonly total: number;
  /** How a count is written, such as `formatBytes`. Default `formatInteger`. */
  readonly format?: (count: number) => string;
  readonly screen?: ProgressScreen;
}

/** A live line is redrawn at most this often. */
const REDRAW_MS = 100;
/** Work that ends sooner shows no live line. */
const DELAY_MS = 300;
/** Plain lines are at least this far apart… */
const PLAIN_MIN_MS = 2_000;
/** …and at most this far, however slow the work. */
const PLAIN_MAX_MS = 30_000;
const PLAIN_SHARE = 0.1;
const MAX_BAR = 30;
const MIN_BAR = 8;
/** Back to the first column, clear to the end of the line. */
const CLEAR = "\r\x1b[K";

/**
 * Shows how far a long task is.
 *
 * @example Report each step
 * ```ts
 * import { Progress } from "./progress.ts";
 *
 * using progress = new Progress({ label: "train", total: 1000 });
 * for (let step = 1; step <= 1000; step++) progress.update(step, ["loss 2.31", "12.3k tok/s"]);
 * ```
 */
export class Progress implements Disposable {
  readonly #label: string;
  readonly #total: number;
  readonly #format: (count: number) => string;
  readonly #screen: ProgressScreen;
  readonly #created: number;
  /** The first update: what came before it (compiling, say) does not count for the time left. */
  #start: { readonly time: number; readonly done: number } | undefined;
  #done = 0;
  #fields: readonly string[] = [];
  #drawnAt = -Infinity;
  #drawnDone = 0;
  #visible = false;
  #finished = false;

  /** Shows nothing yet. */
  constructor({ label, total, format = formatInteger, screen = stderrScreen() }: ProgressOptions) {
    this.#label = label;
    this.#total = total;
    this.#format = format;
    this.#screen = screen;
    this.#created = screen.now();
  }

  /** Shows what happens before the first step, at once; the time left does not count it. */
  prepare(activity: string): void {
    this.#fields = [activity];
    if (this.#screen.live) this.#draw(this.#screen.now());
  }

  /** Sets how much is done and the fields to show at the right, most important first. */
  update(done: number, fields: readonly string[] = this.#fields): void {
    const now = this.#screen.now();
    this.#start ??= { time: now, done };
    this.#done = done;
    this.#fields = fields;
    if (this.#screen.live) {
      if (now - this.#created >= DELAY_MS && now - this.#drawnAt >= REDRAW_MS) this.#draw(now);
    } else if (this.#plainLineIsDue(now)) {
      this.#printPlain(now);
    }
  }

  /** Prints a line that stays, above the bar. */
  log(line: string): void {
    const wasVisible = this.#visible;
    this.#clear();
    this.#screen.write(line + "\n");
    if (wasVisible) this.#draw(this.#screen.now());
  }

  /** Ends the bar: a live line disappears, and `line`, if given, stays in its place. */
  finish(line?: string): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#clear();
    if (line !== undefined) this.#screen.write(line + "\n");
  }

  /** Ends the bar without a last line. */
  [Symbol.dispose](): void {
    this.finish();
  }

  #clear(): void {
    if (this.#visible) this.#screen.write(CLEAR);
    this.#visible = false;
  }

  #draw(now: number): void {
    // The last column stays free: some terminals wrap as soon as it is written.
    const line = this.#render(now, this.#screen.columns() - 1);
    this.#screen.write(`\r${line}\x1b[K`);
    this.#visible = true;
    this.#drawnAt = now;
  }

  #plainLineIsDue(now: number): boolean {
    const since = now - Math.max(this.#drawnAt, this.#created);
    const moved = this.#done - this.#drawnDone >= this.#total * PLAIN_SHARE;
    return since >= PLAIN_MAX_MS || (moved && since >= PLAIN_MIN_MS);
  }

  #printPlain(now: number): void {
    this.#screen.write([this.#head(), this.#count(), ...this.#right(now)].join("  ") + "\n");
    this.#drawnAt = now;
    this.#drawnDone = this.#done;
  }

  /** As much as fits: the bar shrinks first, then fields go from the right. */
  #render(now: number, width: number): string {
    const fields = this.#right(now);
    for (let kept = fields.length; kept >= 0; kept--) {
      const right = [this.#count(), ...fields.slice(0, kept)].join("  ");
      const room = width - this.#head().length - right.length - 4;
      if (room < MIN_BAR) continue;
      return `${this.#head()}  ${this.#bar(Math.min(room, MAX_BAR))}  ${right}`;
    }
    return `${this.#head()} ${this.#count()}`.slice(0, Math.max(0, width));
  }

  #head(): string {
    return `${this.#label} ${String(Math.floor(this.#share() * 100)).padStart(3)}%`;
  }

  #count(): string {
    return `${this.#format(this.#done)}/${this.#format(this.#total)}`;
  }

  #right(now: number): string[] {
    const left = this.#secondsLeft(now);
    return left === undefined ? [...this.#fields] : [...this.#fields, `eta ${formatClock(left)}`];
  }

  #share(): number {
    return this.#total > 0 ? Math.min(1, Math.max(0, this.#done / this.#total)) : 1;
  }

  #secondsLeft(now: number): number | undefined {
    if (!this.#start || this.#done <= this.#start.done || this.#done >= this.#total) return;
    const perStep = (now - this.#start.time) / (this.#done - this.#start.done);
    return perStep * (this.#total - this.#done) / 1000;
  }

  #bar(width: number): string {
    const [full, half, empty] = this.#screen.unicode ? ["━", "╸", "─"] : ["#", "#", "."];
    const halves = Math.floor(this.#share() * width * 2);
    const bar = full!.repeat(halves >> 1) + (halves & 1 ? half : "");
    return bar.padEnd(width, empty);
  }
}

function stderrScreen(): ProgressScreen {
  return {
    live: isTerminal("stderr"),
    unicode: hasUnicode(),
    columns,
    now: () => performance.now(),
    write: (text) => write(text, "stderr"),
  };
}
