/** Ctrl-C as a signal that work in progress can see, so that it ends cleanly. */

import { notice } from "../terminal.ts";

/** The exit code of a program that Ctrl-C ended: 128 + SIGINT. */
const INTERRUPTED = 130;

/**
 * Runs work that Ctrl-C ends: its signal is aborted, and whatever it then throws counts as the end.
 *
 * @returns the work's exit code, or 130
 */
export async function interruptible(
  work: (signal: AbortSignal) => Promise<number | void>,
): Promise<number | void> {
  const controller = new AbortController();
  const stop = () => controller.abort(new Error("Interrupted"));
  Deno.addSignalListener("SIGINT", stop);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    notice("Interrupted: nothing was written");
    return INTERRUPTED;
  } finally {
    Deno.removeSignalListener("SIGINT", stop);
  }
}
