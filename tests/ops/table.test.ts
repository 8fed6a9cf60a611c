import { gpuTest, VARIANTS } from "../gpu.ts";
import { checkRow } from "./check.ts";
import { TABLE } from "./table.ts";

for (const row of TABLE) {
  for (const variant of row.hasVariants ? Object.keys(VARIANTS) : ["as found"]) {
    gpuTest(
      `${row.name} has the oracle's values and gradients`,
      (device) => checkRow(device, row),
      { variant },
    );
  }
}
