/** `kindling train`: train a language model from scratch. */

import type { Device } from "../src/device.ts";
import { type Command, defineCommand } from "./command.ts";
import { describeDevice, openDevice } from "./device.ts";
import { ownCommand } from "./own_command.ts";
import { isProfiled, PROFILE_OPTIONS, type ProfileWishes, showProfile } from "./profile.ts";
import { INTERRUPTED, STOPPING, StopSignals } from "./stop_signals.ts";
import { notice } from "./terminal.ts";
import { taskOptionGroups } from "./tasks/mod.ts";
import { ALL_OPTIONS } from "./train/options.ts";
import { type Plan, planNewRun, planResumedRun } from "./train/plan.ts";
import { TrainingReport } from "./train/report.ts";
import { removeUnfinished, type Session, type Watch } from "./train/session.ts";
import { TaskSession } from "./train/task_session.ts";
import { prepareMaterial, TextSession } from "./train/text_session.ts";

/** The `train` command. */
export const command: Command = defineCommand({
  name: "kindling train",
  description: "Train a language model from scratch, on text files or on built-in stories, of " +
    "which the last tenth is kept for validation, or a small model on a toy task. Ctrl-C saves a " +
    "checkpoint, from which --resume goes on.",
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
    ...ALL_OPTIONS,
    ...PROFILE_OPTIONS,
    json: { type: "boolean", description: "Print the results as JSON" },
  },
  optionGroups: taskOptionGroups(),
  examples: [
    ["kindling train", "Learn to write simple stories"],
    ["kindling train shakespeare.txt --tokenizer char", "Learn from a text, letter by letter"],
    ["kindling train --task sort", "Learn to sort lists of numbers, and see how it is done"],
    ["kindling train --resume runs/stories --steps 800", "Go on with a run"],
  ],
  async run({ options, positionals, given }): Promise<number> {
    const { out, resume, config, json, profile, profileTrace } = options;
    const args = { textFiles: positionals.textFile, options, given, out, config };
    const plan = resume === undefined ? await planNewRun(args) : await planResumedRun(resume, args);
    using stop = new StopSignals({ atSecond: () => removeUnfinished(plan.path) });
    try {
      using device = await openDevice();
      const session = await openSession(device, plan, stop.signal);
      using _model = session.model;
      session.describe();
      const wishes = { profile, profileTrace };
      return await trainAndShow(session, { signal: stop.signal, json, wishes });
    } catch (error) {
      if (error !== stop.signal.reason) throw error;
      notice("Interrupted: nothing was written");
      return INTERRUPTED;
    }
  },
});

/** Reads what is to be learned, and makes model and run directory. */
async function openSession(device: Device, plan: Plan, signal: AbortSignal): Promise<Session> {
  if ("task" in plan) {
    describeDevice(device);
    return await TaskSession.open(device, plan);
  }
  const material = await prepareMaterial(plan, signal);
  describeDevice(device);
  return await TextSession.open(device, plan, material);
}

/** Trains, then shows what came of it, or how to go on after an interruption. */
async function trainAndShow(
  session: Session,
  { signal, json, wishes }: { signal: AbortSignal; json: boolean; wishes: ProfileWishes },
): Promise<number> {
  const { plan: { options: { steps }, path }, run, metrics } = session;
  using report = new TrainingReport({ steps, history: await run.metrics(), metrics });
  signal.addEventListener("abort", () => report.log(STOPPING));
  session.model.device.onCompile = (kernel, compiled) => report.compile(kernel, compiled);
  const log = (line: string) => report.log(line);
  const watch: Watch = !isProfiled(wishes) ? { signal } : {
    signal,
    onProfile: (found, steps) =>
      showProfile(found, { of: steps === 1 ? "1 step" : `${steps} steps`, wishes, log }),
  };
  for await (const event of session.train(watch)) report.add(event);
  report.finish();
  if (report.isComplete) {
    await session.showResults(report, { signal, json });
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
