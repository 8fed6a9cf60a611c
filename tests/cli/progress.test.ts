import { assertEquals } from "@std/assert";
import { Progress, type ProgressScreen } from "../../cli/progress.ts";

/** A screen that keeps what is written and a clock that is set by hand. */
class FakeScreen implements ProgressScreen {
  readonly unicode = true;
  readonly written: string[] = [];
  time = 0;

  constructor(readonly live: boolean, readonly width = 80) {}

  columns(): number {
    return this.width;
  }

  now(): number {
    return this.time;
  }

  write(text: string): void {
    this.written.push(text);
  }
}

Deno.test("Progress prints plain lines at intervals where nothing can be redrawn", () => {
  const screen = new FakeScreen(false);
  const progress = new Progress({ label: "train", total: 1000, screen });
  for (let step = 1; step <= 1000; step++) {
    screen.time += 10;
    progress.update(step, [`loss ${(9 - step / 200).toFixed(2)}`]);
  }
  progress.finish("Trained 1,000 steps");
  assertEquals(screen.written, [
    "train  20%  200/1,000  loss 8.00  eta 0:08\n",
    "train  40%  400/1,000  loss 7.00  eta 0:06\n",
    "train  60%  600/1,000  loss 6.00  eta 0:04\n",
    "train  80%  800/1,000  loss 5.00  eta 0:02\n",
    "train 100%  1,000/1,000  loss 4.00\n",
    "Trained 1,000 steps\n",
  ]);
});

Deno.test("Progress prints a plain line every 30 seconds of slow work", () => {
  const screen = new FakeScreen(false);
  const progress = new Progress({ label: "train", total: 1000, screen });
  for (let step = 1; step <= 4; step++) {
    screen.time += 20_000;
    progress.update(step);
  }
  assertEquals(screen.written, [
    "train   0%  2/1,000  eta 5:32:40\n",
    "train   0%  4/1,000  eta 5:32:00\n",
  ]);
});

Deno.test("Progress redraws one line in place, at most ten times a second", () => {
  const screen = new FakeScreen(true);
  const progress = new Progress({ label: "train", total: 200, screen });
  for (let step = 1; step <= 100; step++) {
    screen.time += 10;
    progress.update(step, ["loss 2.31", "12.3k tok/s"]);
  }
  assertEquals(screen.written.length, 8);
  assertEquals(
    screen.written.at(-1),
    "\rtrain  50%  ━━━━━━━━━━━━────────────  100/200  loss 2.31  12.3k tok/s  eta 0:01\x1b[K",
  );
  progress.finish("done");
  progress.finish("done twice");
  assertEquals(screen.written.slice(8), ["\r\x1b[K", "done\n"]);
});

Deno.test("Progress drops fields that do not fit", () => {
  const lineAt = (width: number) => {
    const screen = new FakeScreen(true, width);
    const progress = new Progress({ label: "train", total: 200, screen });
    progress.update(1, ["loss 2.31", "12.3k tok/s"]);
    screen.time = 1000;
    progress.update(50);
    const line = (screen.written.at(-1) ?? "").replace("\r", "").replace("\x1b[K", "");
    assertEquals(line.length < width, true);
    return line;
  };
  assertEquals(lineAt(60), "train  25%  ━━━╸───────────  50/200  loss 2.31  12.3k tok/s");
  assertEquals(lineAt(40), "train  25%  ━━──────  50/200  loss 2.31");
  assertEquals(lineAt(24), "train  25% 50/200");
  assertEquals(lineAt(8), "train  ");
});

Deno.test("Progress shows nothing for work that ends at once", () => {
  const screen = new FakeScreen(true);
  {
    using progress = new Progress({ label: "read", total: 2, screen });
    progress.update(1);
    screen.time = 200;
    progress.update(2);
  }
  assertEquals(screen.written, []);
});

Deno.test("Progress.log() puts a line above the bar", () => {
  const screen = new FakeScreen(true);
  const progress = new Progress({ label: "a", total: 2, screen });
  screen.time = 1000;
  progress.update(1);
  screen.written.length = 0;
  progress.log("checkpoint saved");
  assertEquals(screen.written.slice(0, 2), ["\r\x1b[K", "checkpoint saved\n"]);
  assertEquals(screen.written[2]?.startsWith("\ra  50%"), true);
});
