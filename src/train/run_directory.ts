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
  /** How it was trained, in the words of the command line */
  training: Record<string, unknown>;
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
  /** Speed since the last reading */
  tokensPerSecond: number;
  /** Seconds of training */
  elapsedSeconds: number;
  /** Validation loss, where it was measured after this step */
  valLoss?: number;
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
      throw new Error(`Cannot start a run in "${path}": one is there already; resume it or choose another folder`);
    }
    await ensureDirectory(`${path}/checkpoints`);
    if (contents.tokenizer) {
      await writeFileAtomic(`${path}/tokenizer.json`, contents.tokenizer.toJson());
    }
    await writeFileAtomic(`${path}/config.json`, JSON.stringify(contents.config, null, 2) + "\n");
    return new RunDirectory(path);
  }

  /**
   * Opens the folder of a run.
   *
   * @throws {Error} if there is none
   */
  static async open(path: string): Promise<RunDirectory> {
    if (!await exists(`${path}/config.json`)) {
      throw new Error(`Cannot open run "${path}": it has no config.json`);
    }
    return new RunDirectory(path);
  }

  /** The run's configuration */
  async config(): Promise<RunConfig> {
    const text = await readText(`${this.path}/config.json`, { what: "run configuration" });
    try {
      const config = JSON.parse(text);
      if (typeof config?.model?.vocabSize !== "number") throw new SyntaxError("it has no model");
      return config;
    } catch (cause) {
      throw new SyntaxError(
        `Cannot read "${this.path}/config.json": ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  /** The run's tokenizer */
  async tokenizer(): Promise<TextTokenizer> {
    return tokenizerFromJson(await readText(`${this.path}/tokenizer.json`, { what: "tokenizer" }));
  }

  /** The newest complete checkpoint's folder */
  async latestCheckpoint(): Promise<string> {
    if (!await exists(`${this.path}/latest`)) {
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

  /** The metrics up to a step, as the charts and a resumed run want them */
  async metrics(): Promise<MetricsLine[]> {
    const path = `${this.path}/metrics.jsonl`;
    if (!await exists(path)) return [];
    const lines = (await readText(path)).split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line));
  }

  /** Drops metrics after `step`: a resumed run will write them again */
  async rewindMetrics(step: number): Promise<void> {
    const kept = (await this.metrics()).filter((line) => line.step <= step);
    const text = kept.map((line) => JSON.stringify(line) + "\n").join("");
    await writeFileAtomic(`${this.path}/metrics.jsonl`, text);
  }
}
