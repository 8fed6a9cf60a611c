/**
 * Makes sure that there is a WebGPU adapter before a command needs one: `deno task setup`.
 *
 * Says nothing where an adapter is there already. On Debian, Ubuntu and their relatives it installs
 * Mesa's Vulkan drivers, which include a software adapter; elsewhere it says what to install.
 */

import { NoAdapterError } from "../src/errors.ts";
import { quietenDriver } from "../src/platform/driver.ts";

const PACKAGE = "mesa-vulkan-drivers";

/** How the probe's process ends where WebGPU works, but offers no adapter. */
const NO_ADAPTER = 3;

/** How long a hanging driver is waited for. */
const PROBE_TIMEOUT_MS = 60_000;

interface Outcome {
  readonly success: boolean;
  readonly code: number;
  /** Both output streams together. */
  readonly output: string;
}

/** Runs a program and keeps what it prints. */
async function run(program: string, args: readonly string[], timeoutMs?: number): Promise<Outcome> {
  const command = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs) }),
  });
  const { success, code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { success, code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Prints the adapter's name and ends the process; fails where no device can be had from it. */
async function probe(): Promise<void> {
  quietenDriver();
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) Deno.exit(NO_ADAPTER);
  const device = await adapter.requestDevice();
  device.destroy();
  await writeLine(Deno.stdout, adapter.info.description || "unnamed adapter");
  Deno.exit(0);
}

/**
 * Probes in a process of its own: Vulkan reads its list of drivers once, so only a new process
 * sees a driver that was just installed, and a crashing driver takes nothing else down.
 */
function probeInNewProcess(): Promise<Outcome> {
  const args = ["run", "--quiet", "--no-lock", "--allow-all", import.meta.url, "--probe"];
  return run(Deno.execPath(), args, PROBE_TIMEOUT_MS);
}

/** Whether the system installs software with apt. */
async function isDebianLike(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  const release = await Deno.readTextFile("/etc/os-release").catch(() => "");
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release);
}

/** Runs apt-get as root, without questions. */
function aptGet(args: readonly string[]): Promise<Outcome> {
  const words = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", ...args];
  // On a terminal sudo may ask for the password there; elsewhere it must not wait for one.
  const sudo = Deno.stdin.isTerminal() ? ["sudo"] : ["sudo", "-n"];
  const [program = "", ...rest] = Deno.uid() === 0 ? words : [...sudo, ...words];
  return run(program, rest).catch((error) => ({ success: false, code: 127, output: `${error}` }));
}

/** Installs the driver package; the package lists of a fresh system have to be fetched first. */
async function install(): Promise<Outcome> {
  const wanted = ["-o", "DPkg::Lock::Timeout=120", "install", "--no-install-recommends", PACKAGE];
  const first = await aptGet(wanted);
  if (first.success) return first;
  const update = await aptGet(["update"]);
  const second = await aptGet(wanted);
  return second.success ? second : { ...second, output: update.output + second.output };
}

async function writeLine(stream: typeof Deno.stdout, text: string, end = "\n"): Promise<void> {
  const writer = stream.writable.getWriter();
  await writer.write(new TextEncoder().encode(text + end));
  writer.releaseLock();
}

/** Leaves an adapter behind, or says on stderr why not; returns the exit code. */
async function setup(): Promise<number> {
  const say = (text: string, end = "\n") => writeLine(Deno.stderr, text, end);
  if (!navigator.gpu) {
    await say(`error: Deno ${Deno.version.deno} has no WebGPU: update with deno upgrade`);
    return 1;
  }
  const found = await probeInNewProcess();
  if (found.success) return 0;
  if (found.code !== NO_ADAPTER) {
    await say(`${found.output.trimEnd()}\nerror: The WebGPU adapter of this machine does not work`);
    return 1;
  }
  if (!await isDebianLike()) {
    await say(`error: ${new NoAdapterError("no adapter was offered").message}`);
    return 1;
  }

  const started = performance.now();
  await say(`No WebGPU adapter found: installing ${PACKAGE} …`, "");
  const installed = await install();
  const seconds = Math.round((performance.now() - started) / 1000);
  if (!installed.success) {
    await say(` failed\n${installed.output.trimEnd()}`);
    await say(`error: Cannot install ${PACKAGE}; try: sudo apt-get install ${PACKAGE}`);
    return 1;
  }
  const adapter = await probeInNewProcess();
  if (!adapter.success) {
    await say(` done, but there is still no adapter\n${adapter.output}`.trimEnd());
    await say(`error: ${new NoAdapterError("no adapter was offered").message}`);
    return 1;
  }
  await say(` done in ${seconds} s, found ${adapter.output.trim()}`);
  return 0;
}

if (import.meta.main) {
  if (Deno.args.includes("--probe")) await probe();
  Deno.exit(await setup());
}
