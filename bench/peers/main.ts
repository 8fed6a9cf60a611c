/**
 * The same work in the same run for kindling and other libraries: `deno task bench:peers`.
 *
 * Each peer does each work item in a process of its own. Its results are checked before it is timed,
 * and peers take turns (A B C A B C), so that a change in the machine's speed hits all of them.
 */

import { parseArgs } from "node:util";
import { Contender, PEER_NAMES, type PeerName, type Prepared } from "./contender.ts";
import type { Evidence } from "./peer.ts";
import { difference, reference } from "./reference.ts";
import {
  describeMachine,
  formatReasons,
  formatTable,
  formatTime,
  median,
  type Report,
  type Result,
  type WorkReport,
} from "./report.ts";
import { type Work, WORKS } from "./works.ts";

const HELP = `Compares kindling with other libraries at the same work

deno task bench:peers [--only WORK,…] [--peers PEER,…] [--repeats N] [--json FILE]

  --only     Work items, or the beginnings of their names:
             ${WORKS.map(({ id }) => id).join(", ")}
  --peers    Peers, or the beginnings of their names:
             ${PEER_NAMES.join(", ")}
  --repeats  Measurements of each; the median counts (5)
  --json     Where to write all measurements
`;

/** A peer is not asked again once its measurements of one work item have taken this long */
const PATIENCE_MILLISECONDS = 60_000;

const encoder = new TextEncoder();

function print(text: string): void {
  Deno.stdout.writeSync(encoder.encode(text + "\n"));
}

/** A peer that passed the check */
interface Entrant {
  readonly contender: Contender;
  readonly prepared: Prepared;
  readonly difference: number;
  readonly measurements: number[];
}

/** What results are compared with: float64 values, or else what the most trusted peer found */
function findReference(
  work: Work,
  found: ReadonlyMap<PeerName, Evidence>,
): { name: string; evidence: Evidence | undefined } {
  const evidence = reference(work);
  if (evidence) return { name: "float64", evidence };
  for (const name of ["pytorch", ...PEER_NAMES] as const) {
    if (found.has(name)) return { name, evidence: found.get(name) };
  }
  return { name: "none", evidence: undefined };
}

async function run(
  work: Work,
  peers: readonly PeerName[],
  repeats: number,
): Promise<WorkReport> {
  print(work.title);
  const results: Partial<Record<PeerName, Result>> = {};
  const note = (name: PeerName, result: Result, text: string) => {
    results[name] = result;
    print(`  ${name.padEnd(14)} ${text}`);
  };
  const contenders: Contender[] = [];
  try {
    const ready = new Map<PeerName, { contender: Contender; prepared: Prepared }>();
    for (const name of peers) {
      try {
        const contender = new Contender(name);
        contenders.push(contender);
        ready.set(name, { contender, prepared: await contender.prepare(work) });
      } catch (error) {
        const unable = (error as Error).message;
        note(name, { unable }, `cannot: ${unable.split("\n")[0]}`);
        await contenders.find((contender) => contender.name === name)?.stop();
      }
    }

    const evidence = new Map([...ready].map(([name, { prepared }]) => [name, prepared.evidence]));
    const expected = findReference(work, evidence);
    const entrants: Entrant[] = [];
    for (const [name, { contender, prepared }] of ready) {
      const distance = difference(prepared.evidence, expected.evidence!);
      if (distance <= work.tolerance) {
        entrants.push({ contender, prepared, difference: distance, measurements: [] });
      } else {
        const unable = `wrong by ${distance.toExponential(1)} (${expected.name})`;
        note(name, { unable, difference: distance }, unable);
        await contender.stop();
      }
    }

    for (let round = 0; round < repeats; round++) {
      for (const { contender, prepared, measurements } of entrants) {
        const spent = measurements.reduce((sum, time) => sum + time * prepared.calls, 0);
        if (spent < PATIENCE_MILLISECONDS) measurements.push(await contender.measure());
      }
    }
    for (const { contender, prepared, difference, measurements } of entrants) {
      const milliseconds = median(measurements);
      const { description, calls } = prepared;
      note(
        contender.name,
        { description, milliseconds, measurements, calls, difference },
        `${formatTime(milliseconds, work.flops).padStart(14)}   ` +
          `${measurements.length} × ${calls} calls, off by ${difference.toExponential(1)}`,
      );
    }
    const { id, title, flops } = work;
    return { id, title, ...(flops ? { flops } : {}), reference: expected.name, results };
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
  }
}

/** Those of `all` whose name begins with one of the comma-separated words */
function select<T>(all: readonly T[], words: string | undefined, nameOf: (item: T) => string): T[] {
  if (words === undefined) return [...all];
  return words.split(",").flatMap((word) => {
    const found = all.filter((item) => nameOf(item).startsWith(word));
    if (found.length === 0) {
      throw new RangeError(
        `Cannot find ${word}: there are ${all.map(nameOf).join(", ")}`,
      );
    }
    return found;
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      only: { type: "string" },
      peers: { type: "string" },
      repeats: { type: "string", default: "5" },
      json: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return print(HELP);
  const works = select(WORKS, values.only, ({ id }) => id);
  const peers = select(PEER_NAMES, values.peers, (name) => name);
  const repeats = Number(values.repeats);
  if (!Number.isSafeInteger(repeats) || repeats < 1) {
    throw new RangeError(`Cannot repeat ${values.repeats} times: needs a whole number from 1`);
  }

  const machine = describeMachine();
  const date = new Date().toISOString();
  const reports: WorkReport[] = [];
  const save = () => {
    const report: Report = { date, machine, repeats, works: reports };
    if (values.json) Deno.writeTextFileSync(values.json, JSON.stringify(report, null, 2) + "\n");
  };
  for (const work of works) {
    reports.push(await run(work, peers, repeats));
    save();
  }
  print(`\n${Object.entries(machine).map(([name, value]) => `${name} ${value}`).join(", ")}\n`);
  print(formatTable(reports, peers));
  const reasons = formatReasons(reports);
  if (reasons.length > 0) print(`\n${reasons.join("\n")}`);
}

try {
  await main();
} catch (error) {
  Deno.stderr.writeSync(encoder.encode(`${(error as Error).message}\n`));
  Deno.exit(1);
}
