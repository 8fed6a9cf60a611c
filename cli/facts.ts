/** Lines such as `Model      1.0M parameters`, which say what a command works with. */

import { notice, paint } from "./terminal.ts";

const LABEL_WIDTH = 11;

/** Writes one such line to stderr. */
export function fact(label: string, text: string): void {
  notice(paint("dim", label.padEnd(LABEL_WIDTH), "stderr") + text);
}
