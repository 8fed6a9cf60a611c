/** `kindling train`: train a language model from scratch. */

import { requestDevice } from "../src/device.ts";
import { type Command, defineCommand } from "./command.ts";
import { describeDevice } from "./device.ts";
import { ownCommand } from "./own_command.ts";
import { INTERRUPTED, StopSignals } from "./stop_signals.ts";
import { notice } from "./terminal.ts";
import { RUN_OPTIONS } from "./train/options.ts";
import { planNewRun, planResumedRun } from "./train/plan.ts";
import { describeMaterial, describeTraining, TrainingReport } from "./train/report.ts";
import { showResults } from "./train/results.ts";
import {
  makeModel,
  openRun,
  prepareMaterial,
  removeUnfinished,
  type Session,
  trainRun,
} from "./train/session.ts";

const STOPPING = "Stopping after this step; press Ctrl-C again to end at once";

/** The `train` command. */
export const command: Command = defineCommand({
  name: "kindling train",
  description: "Train a language model from scratch, on text files or on built-in stories. The " +
    "last tenth of the text is kept for validation. Ctrl-C saves a checkpoint, from which " +
    "--resume goes on.",
  positionals: {
    textFile: { many: true, description: "Text in UTF-8; simple stories if none is given" },
  },
  options: {
    out: {
      type: "string",
      placeholder: "DIR",
      description: "Run directory to make; runs/NAME if not given",
    },
    resume: { type: "string", placeholder: "DIR", description: "Run directory to go on with" },
    config: {
      type: "string",
      placeholder: "FILE",
      description: "These options as JSON, or a run's config.json; the command line wins",
    },
    ...RUN_OPTIONS,
    json: { type: "boolean", description: "Print the results as JSON" },
  },
  examples: [
    ["kindling train", "Learn to write simple stories"],
    ["kindling train shakespeare.txt --tokenizer char", "Learn from a text, letter by letter"],
    ["kindling train --resume runs/stories --steps 800", "Go on with a run"],
  ],
  async run({ options, positionals, given }): Promise<number> {
    const { out, resume, config, json } = options;
    const args = { textFiles: positionals.textFile, options, given, out, config };
    const plan = resume === undefined ? await planNewRun(args) : await planResumedRun(resume, args);
    using stop = new StopSignals({ atSecond: () => removeUnfinished(plan.path) });
    try {
      using device = await requestDevice();
      const material = await prepareMaterial(plan, stop.signal);
      describeDevice(device);
      describeMaterial(plan, material);
      using model = makeModel(device, plan, material);
      const run = await openRun(plan, model, material);
      describeTraining(plan, model);
      return await trainAndShow({ plan, material, model, run }, { signal: stop.signal, json });
    } catch (error) {
      if (error !== stop.signal.reason) throw error;
      notice("Interrupted: nothing was written");
      return INTERRUPTED;
    }
  },
});

/** Trains, then shows what came of it, or how to go on after an interruption. */
async function trainAndShow(
  session: Session,
  { signal, json }: { signal: AbortSignal; json: boolean },
): Promise<number> {
  const { plan: { options: { steps }, path }, run } = session;
  using report = new TrainingReport({ steps, history: await run.metrics() });
  signal.addEventListener("abort", () => report.log(STOPPING));
  for await (const event of trainRun(session, signal)) report.add(event);
  report.finish();
  if (report.isComplete) {
    await showResults(session, report, { signal, json });
    return 0;
  }
  notice(
    await run.hasCheckpoint()
      ? `Saved ${await run.latestCheckpoint()}`
      : "Stopped before the first step",
  );
  notice(`Go on with: ${ownCommand()} train --resume ${path}`);
  return INTERRUPTED;
}
