/** Progress bars over bytes that are read, and over the phases of training. */

import type { TrainBpeProgress } from "../../src/tokenizer/train_bpe.ts";
import { formatBytes } from "../format.ts";
import { Progress } from "../progress.ts";

/** A bar over the bytes of files; where their size is not known, there is none. */
export class ByteBar implements Disposable {
  readonly #label: string;
  #bar: Progress | undefined;

  /** Takes what is going on. */
  constructor(label: string) {
    this.#label = label;
  }

  /** Shows how much was read. */
  update(done: number, total: number | undefined): void {
    if (total === undefined) return;
    this.#bar ??= new Progress({ label: this.#label, total, format: formatBytes });
    this.#bar.update(done);
  }

  /** Ends the bar. */
  [Symbol.dispose](): void {
    this.#bar?.finish();
  }
}

/** A bar for each phase of training, one after another. */
export class TrainingBars implements Disposable {
  readonly #counting = new ByteBar("count words");
  #merging: Progress | undefined;

  /** Shows how far training is. */
  update({ phase, done, total }: TrainBpeProgress): void {
    if (phase === "count") return this.#counting.update(done, total);
    this.#counting[Symbol.dispose]();
    this.#merging ??= new Progress({ label: "merge", total: total ?? 0 });
    this.#merging.update(done);
  }

  /** Ends the bars. */
  [Symbol.dispose](): void {
    this.#counting[Symbol.dispose]();
    this.#merging?.finish();
  }
}
