/** Loaded before tests and benchmarks (`--preload`): keeps Mesa's notices out of their output. */

import { quietenDriver } from "../src/platform/driver.ts";

quietenDriver();
