/**
 * The `kindling` command line: `deno run -A jsr:@kindling/lm/cli train`.
 *
 * Each command lives in a file of its own and is loaded only when it is run.
 *
 * @module
 */

import config from "../deno.json" with { type: "json" };
import { quietenDriver } from "../src/platform/driver.ts";
import { defineGroup, exitCodeOf } from "./command.ts";

/**
 * Runs the command line with its arguments and returns the exit code: 0, 1 after an error,
 * 2 after a mistake in the arguments.
 *
 * @example Print the version
 * ```ts
 * import { main } from "@kindling/lm/cli";
 *
 * const exitCode = await main(["--version"]);
 * if (exitCode !== 0) throw new Error(`Expected 0, got ${exitCode}`);
 * ```
 */
export function main(args: readonly string[]): Promise<number> {
  const kindling = defineGroup({
    name: "kindling",
    description: "Train small language models from scratch on WebGPU.",
    version: `kindling ${config.version}`,
    commands: {
      train: {
        summary: "Train a language model from scratch",
        load: () => import("./train.ts"),
      },
      sweep: {
        summary: "Train models that differ in known ways, and compare them",
        load: () => import("./sweep.ts"),
      },
      generate: {
        summary: "Write text with a trained model",
        load: () => import("./generate.ts"),
      },
      eval: {
        summary: "Measure how well a trained model predicts a text",
        load: () => import("./eval.ts"),
      },
      classify: {
        summary: "Teach a language model to tell labels",
        load: () => import("./classify.ts"),
      },
      report: {
        summary: "Write a page with curves, samples and attention patterns of runs",
        load: () => import("./report.ts"),
      },
      inspect: {
        summary: "Count parameters, memory and FLOPs of a model",
        load: () => import("./inspect.ts"),
      },
      doctor: {
        summary: "Show the GPU adapter and what it can do, or what to install",
        load: () => import("./doctor.ts"),
      },
      tune: {
        summary: "Find out which kernels are fastest on this adapter, and remember it",
        load: () => import("./tune.ts"),
      },
      tokenizer: {
        summary: "Train and use tokenizers",
        load: () => import("./tokenizer.ts"),
      },
    },
  });
  quietenDriver();
  return exitCodeOf(kindling, args);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
