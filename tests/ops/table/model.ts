/** Norms, rotary embedding and losses. Attention has tests of its own. */

import type { OpRow } from "../row.ts";

export const MODEL: readonly OpRow[] = [];
