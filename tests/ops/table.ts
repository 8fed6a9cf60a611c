/**
 * The op test table: a row for every differentiable op and every setting of its options that takes
 * another path. `table.test.ts` checks each row's values and gradients against the oracle, with
 * contiguous and strided inputs, and that no memory is left behind. A new op needs a row here and no
 * other test, except for what it does with special values.
 */

import { ELEMENTWISE } from "./table/elementwise.ts";
import { INDEXING } from "./table/indexing.ts";
import { MATMUL } from "./table/matmul.ts";
import { MODEL } from "./table/model.ts";
import { REDUCTIONS } from "./table/reductions.ts";
import { VIEWS } from "./table/views.ts";
import type { OpRow } from "./row.ts";

/** All rows */
export const TABLE: readonly OpRow[] = [
  ...ELEMENTWISE,
  ...REDUCTIONS,
  ...MATMUL,
  ...VIEWS,
  ...INDEXING,
  ...MODEL,
];
