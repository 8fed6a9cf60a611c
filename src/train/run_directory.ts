/**
 * The folder of a training run: configuration, tokenizer, metrics and checkpoints.
 *
 * ```
 * config.json  tokenizer.json  metrics.jsonl  latest
 * checkpoints/step-00000500/{model.safetensors, optimizer.safetensors, state.json}
 * ```
 *
 * @module
 */

import type { TransformerConfig } from "../nn/config.ts";
import {
  appendText,
  ensureDirectory,
  exists,
  readText,
  writeFileAtomic,
} from "../platform/files.ts";
import { tokenizerFromJson } from "../tokenizer/formats.ts";
import type { TextTokenizer } from "../tokenizer/text_tokenizer.ts";
import { type CheckpointContents, saveCheckpoint } from "./checkpoint.ts";

/** What `config.json` holds: everything needed to repeat the run */
export interface RunConfig {
  /** The model */
  model: TransformerConfig;
  /** What it learns from; the last tenth of it is for validation */
  data: Record<string, unknown>;
  /** Learning rate, weight decay and the like, in the words of the command line */
  optimizer: Record<string, unknown>;
  /** Steps, batch size and the like, in the words of the command line */
  training: Record<string, unknown>;
  /** Decides parameters, batches and dropout */
  seed: number;
  /** Versions of what wrote it */
  versions: Record<string, string>;
}

/** A line of `metrics.jsonl` */
export interface MetricsLine {
  /** Number of the step, from 1 */
  step: number;
  /** Tokens seen */
  tokens: number;
  /** Training loss of the step in nats per token */
  loss: number;
  /** Learning rate of the step */
  learningRate: number;
  /** Norm of all gradients before clipping */
  gradNorm: number;
  /**
   * What clipping multiplied the gradients with: 1 where their norm was small enough; missing in runs
   * from before it was kept
   */
  clipFactor?: number;
  /** Speed since the last reading */
  tokensPerSecond: number;
  /** Seconds of training */
  elapsedSeconds: number;
  /** Validation loss, where it was measured after this step */
  valLoss?: number;
  /** What else was measured after this step, by name, such as `valAccuracy` */
  metrics?: Readonly<Record<string, number>>;
}

/** A run's folder */
export class RunDirectory {
  /** Where it is */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the folder of a new run.
   *
   * @throws {Error} if a run is there already
   */
  static async create(
    path: string,
    contents: { config: RunConfig; tokenizer?: TextTokenizer },
  ): Promise<RunDirectory> {
    if (await exists(`${path}/config.json`)) {
      throw new Error(
        `Cannot start a run in "${path}": one is there already; resume it or choose another folder`,
      );
    }
    await ensureDirectory(`${path}/checkpoints`);
    if (contents.tokenizer) {
      await writeFileAtomic(`${path}/tokenizer.json`, contents.tokenizer.toJson());
    }
    const run = new RunDirectory(path);
    await run.configure(contents.config);
    return run;
  }

  /**
   * Opens the folder of a run.
   *
   * @throws {Error} if there is none
   */
  static async open(path: string): Promise<RunDirectory> {
    if (!await exists(`${path}/config.json`)) {
      const reason = await exists(path) ? "it has no config.json" : "there is no such folder";
      throw new Error(`Cannot open run "${path}": ${reason}`);
    }
    return new RunDirectory(path);
  }

  /** Writes the run's configuration, for example with more steps before it is resumed */
  async configure(config: RunConfig): Promise<void> {
    await writeFileAtomic(`${this.path}/config.json`, JSON.stringify(config, null, 2) + "\n");
  }

  /**
   * The run's configuration.
   *
   * @throws {SyntaxError} if the file is damaged or not of a run
   */
  async config(): Promise<RunConfig> {
    const path = `${this.path}/config.json`;
    const text = await readText(path, { what: "run configuration" });
    try {
      const config = JSON.parse(text);
      if (typeof config?.model?.vocabSize !== "number") throw new SyntaxError("it has no model");
      return { data: {}, optimizer: {}, training: {}, seed: 0, versions: {}, ...config };
    } catch (cause) {
      throw new SyntaxError(`Cannot read "${path}": ${(cause as Error).message}`, { cause });
    }
  }

  /** The run's tokenizer */
  async tokenizer(): Promise<TextTokenizer> {
    return tokenizerFromJson(await readText(`${this.path}/tokenizer.json`, { what: "tokenizer" }));
  }

  /** Whether there is a checkpoint yet */
  async hasCheckpoint(): Promise<boolean> {
    return await exists(`${this.path}/latest`);
  }

  /**
   * The newest complete checkpoint's folder.
   *
   * @throws {Error} if there is none
   */
  async latestCheckpoint(): Promise<string> {
    if (!await this.hasCheckpoint()) {
      throw new Error(`Cannot load from run "${this.path}": it has no checkpoint yet`);
    }
    const name = (await readText(`${this.path}/latest`)).trim();
    return `${this.path}/checkpoints/${name}`;
  }

  /** Writes a checkpoint, makes it the newest and returns its name */
  async save(contents: CheckpointContents): Promise<string> {
    const name = `step-${`${contents.state.step}`.padStart(8, "0")}`;
    await saveCheckpoint(`${this.path}/checkpoints/${name}`, contents);
    await writeFileAtomic(`${this.path}/latest`, name + "\n");
    return name;
  }

  /** Adds lines to the metrics */
  async log(lines: readonly MetricsLine[]): Promise<void> {
    if (lines.length === 0) return;
    const text = lines.map((line) => JSON.stringify(line) + "\n").join("");
    await appendText(`${this.path}/metrics.jsonl`, text);
  }

  /**
   * All metrics, but for a last line that a crash left half-written; what was not finite is NaN
   */
  async metrics(): Promise<MetricsLine[]> {
    const path = `${this.path}/metrics.jsonl`;
    if (!await exists(path)) return [];
    const lines = (await readText(path)).split("\n");
    // What follows the last line feed is empty, or was not finished.
    return lines.slice(0, -1).map((line) => JSON.parse(line, nullToNaN));
  }

  /** Drops metrics after `step`: a resumed run will write them again */
  async rewindMetrics(step: number): Promise<void> {
    const kept = (await this.metrics()).filter((line) => line.step <= step);
    const text = kept.map((line) => JSON.stringify(line) + "\n").join("");
    await writeFileAtomic(`${this.path}/metrics.jsonl`, text);
  }
}

/** JSON has no NaN and no infinities, and writes them as null */
function nullToNaN(_: string, value: unknown): unknown {
  return value === null ? NaN : value;
}
