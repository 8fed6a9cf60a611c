/** `kindling tune`: find out by timing which kernels are best on this adapter, and remember it. */

import { requestDevice } from "../src/device.ts";
import { readTuning, writeTuning } from "../src/tuning.ts";
import { type Command, defineCommand } from "./command.ts";
import { describeDevice } from "./device.ts";
import { alignColumns } from "./format.ts";
import { Progress } from "./progress.ts";
import { notice, paint, print } from "./terminal.ts";
import { bestOf, measureTilings, PRODUCTS, ROUNDS, type TilingRates } from "./tune/rates.ts";

/** The `tune` command. */
export const command: Command = defineCommand({
  name: "kindling tune",
  description: "Time matrix products with each tiling on this adapter, and remember the fastest: " +
    "all commands will use it. It is kept in the user's cache, or in the folder KINDLING_CACHE.",
  options: {
    forget: { type: "boolean", description: "Forget what was found for this adapter" },
    json: { type: "boolean", description: "Print the figures as JSON" },
  },
  async run({ options }): Promise<void> {
    using device = await requestDevice();
    describeDevice(device);
    const { [device.description]: before, ...others } = await readTuning();
    if (options.forget) {
      if (before) await writeTuning(others);
      notice(before ? `Forgot ${before.tiling}` : "There is nothing to forget");
      return;
    }

    using progress = new Progress({ label: "tune", total: ROUNDS });
    progress.prepare("compiling kernels");
    const rates = await measureTilings({ onRound: (round) => progress.update(round) });
    progress.finish();
    const best = rates.length > 0 ? bestOf(rates) : undefined;
    const tiling = best?.tiling;
    let path = "";
    if (tiling) path = await writeTuning({ ...others, [device.description]: { tiling } });
    else if (before) await writeTuning(others);

    if (options.json) {
      const report = {
        adapter: device.description,
        products: PRODUCTS,
        rates: rates.map((each) => ({ ...each, tiling: each.tiling ?? null })),
        best: tiling ?? null,
      };
      print(JSON.stringify(report, undefined, 2));
      return;
    }
    if (best) print(ratesTable(rates, best));
    if (!best) notice("There is nothing to choose: here eight lanes share products by shuffles");
    else if (!tiling) notice("Nothing is clearly faster than the choice by size, which stays");
    else notice(`${tiling} is ${times(best)} as fast as the choice by size: kept in ${path}`);
  },
});

/** A line for each tiling; the best one is green. */
export function ratesTable(rates: readonly TilingRates[], best: TilingRates): string {
  const head = ["GFLOP/s", ...PRODUCTS.map(({ m, n, k }) => `${m}×${n}×${k}`), "all"];
  const lines = rates.map((each) => {
    const name = each.tiling ?? "by size";
    return [
      each === best ? paint("green", name) : name,
      ...each.gflops.map((rate) => rate.toFixed(1)),
      times(each),
    ];
  });
  return alignColumns([head, ...lines]);
}

function times({ speed }: TilingRates): string {
  return `${speed.toFixed(2)} times`;
}
