/** `kindling sweep`: train several models that differ in known ways, and compare them. */

import { type Command, defineCommand } from "./command.ts";
import { describeDevice, openDevice } from "./device.ts";
import { fact } from "./facts.ts";
import { ownCommand } from "./own_command.ts";
import { INTERRUPTED, STOPPING, StopSignals } from "./stop_signals.ts";
import { ABLATION_NAMES } from "./sweep/ablations.ts";
import { planNewSweep, planResumedSweep, type SweepPlan } from "./sweep/plan.ts";
import { Materials, trainRun } from "./sweep/run.ts";
import { describeOutcome, isFinished, showSummary, summarise } from "./sweep/summary.ts";
import { taskOptionGroups } from "./tasks/mod.ts";
import { notice, print } from "./terminal.ts";
import { ALL_OPTIONS } from "./train/options.ts";
import { removeUnfinished } from "./train/session.ts";

/** The `sweep` command. */
export const command: Command = defineCommand({
  name: "kindling sweep",
  description: "Train several models that differ in options, seeds or parts, one after another, " +
    "and compare their curves. A training that diverges is a result. Ctrl-C saves a checkpoint, " +
    "from which --resume goes on. The options of kindling train are those of all runs.",
  positionals: {
    textFile: { many: true, description: "Text in UTF-8; simple stories if none is given" },
  },
  options: {
    vary: {
      type: "strings",
      placeholder: "OPTION=V1,V2",
      description: "Values of an option; of several, all combinations are run",
    },
    seeds: {
      type: "integer",
      min: 1,
      description: "Train each with so many seeds, --seed the first of them",
    },
    ablation: {
      type: "string",
      choices: ABLATION_NAMES,
      description:
        "Compare with a model without norms, with post-norm, without positions (NoPE), " +
        "or with SiLU in place of SwiGLU and as many parameters",
    },
    out: {
      type: "string",
      placeholder: "DIR",
      description: "Folder of the sweep to make; runs/sweep-NAME if not given",
    },
    resume: { type: "string", placeholder: "DIR", description: "Sweep to go on with" },
    config: {
      type: "string",
      placeholder: "FILE",
      description: "Options as JSON, or a run's config.json; the command line wins",
    },
    ...ALL_OPTIONS,
    json: { type: "boolean", description: "Print the results as JSON" },
  },
  optionGroups: taskOptionGroups(),
  examples: [
    ["kindling sweep --vary learningRate=1e-3,1e-2,1e-1,1", "Find where training diverges"],
    ["kindling sweep --vary batchSize=1,4,16 --vary learningRate=1e-3,4e-3", "Six runs"],
    ["kindling sweep --ablation all", "What norms, positions and gates are worth"],
    ["kindling sweep --task sort --seeds 5", "How much of a result is luck"],
  ],
  async run({ options, positionals, given }): Promise<number> {
    const { vary, seeds, ablation, out, config, resume, json } = options;
    const { textFile: textFiles } = positionals;
    const args = { textFiles, options, given, vary, seeds, ablation, out, config };
    const plan = resume === undefined
      ? await planNewSweep(args)
      : await planResumedSweep(resume, args);
    if (!await trainPending(plan)) return INTERRUPTED;
    const { sweep, metrics } = plan;
    const runs = sweep.runs.filter(isFinished);
    if (json) {
      print(JSON.stringify({ sweep: sweep.path, runs, ...summarise(runs) }, undefined, 2));
    } else {
      await showSummary(sweep, runs, metrics);
      fact("Report", `${ownCommand()} report ${sweep.path}`);
    }
    return 0;
  },
});

/** Trains what is not trained yet; false if Ctrl-C ended it. */
async function trainPending({ sweep, pending }: SweepPlan): Promise<boolean> {
  if (pending.length === 0) return true;
  let path = "";
  using stop = new StopSignals({ atSecond: () => removeUnfinished(path) });
  const { signal } = stop;
  signal.addEventListener("abort", () => notice(STOPPING));
  using device = await openDevice();
  describeDevice(device);
  const all = sweep.runs.length;
  const over = all - pending.length;
  fact("Sweep", `${sweep.path}: ${all} runs${over > 0 ? `, ${over} of them over` : ""}`);
  const materials = new Materials();
  for (const [run, plan] of pending) {
    path = plan.path;
    const number = sweep.runs.findIndex(({ name }) => name === run.name) + 1;
    const label = `${number}/${all} ${run.name}`;
    const result = signal.aborted
      ? undefined
      : await trainRun(device, { plan, materials, signal, label });
    if (result === undefined) {
      notice(`Go on with: ${ownCommand()} sweep --resume ${sweep.path}`);
      return false;
    }
    await sweep.record({ ...run, ...result });
    notice(`${label}   ${describeOutcome(result.outcome)}`);
  }
  return true;
}
