/**
 * What a command is: a name, help, and something to run. `defineCommand` makes one from tables,
 * `defineGroup` makes one that hands over to others, so groups nest (`kindling tokenizer train`).
 */

import { closest } from "./names.ts";
import { type CommandHelp, commandHelp, groupHelp } from "./help.ts";
import {
  type OptionTable,
  parseCommandLine,
  type Parsed,
  type PositionalTable,
  UsageError,
} from "./options.ts";
import { columns, notice, paint, print } from "./terminal.ts";

/** A command that can be run with its arguments. */
export interface Command {
  /** The command as it is typed: `kindling train`. */
  readonly name: string;
  /** Runs the command; a number is the exit code, nothing means 0. */
  run(args: readonly string[]): Promise<number | void>;
}

/** A command as its file describes it. */
export interface CommandDefinition<O extends OptionTable, P extends PositionalTable>
  extends CommandHelp {
  readonly options?: O;
  readonly positionals?: P;
  /** What the command does with its checked values. */
  run(parsed: Parsed<O, P>): Promise<number | void> | number | void;
}

/** Makes a command from its tables: arguments are checked and `--help` answered before it runs. */
export function defineCommand<
  const O extends OptionTable = Record<never, never>,
  const P extends PositionalTable = Record<never, never>,
>(definition: CommandDefinition<O, P>): Command {
  return {
    name: definition.name,
    async run(args: readonly string[]): Promise<number | void> {
      const parsed = parseCommandLine(definition, args);
      if (parsed !== "help") return await definition.run(parsed);
      print(commandHelp(definition, helpWidth()));
    },
  };
}

/** A command of a group: loaded when it is run, so that help and other commands stay quick. */
export interface GroupEntry {
  /** A short phrase for the list of commands. */
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}

/** Commands under a common name. */
export interface GroupDefinition {
  readonly name: string;
  readonly description: string;
  readonly commands: Readonly<Record<string, GroupEntry>>;
  /** What `--version` prints, where the group answers it. */
  readonly version?: string;
}

/** Makes a command that runs the one its first argument names. */
export function defineGroup({ name, description, commands, version }: GroupDefinition): Command {
  const help = (): string =>
    groupHelp({
      name,
      description,
      commands: Object.entries(commands).map(([word, { summary }]) => [word, summary]),
      hasVersion: version !== undefined,
    }, helpWidth());
  return {
    name,
    async run([word, ...args]: readonly string[]): Promise<number | void> {
      if (word === undefined) {
        notice(help());
        return 2;
      }
      if (word === "--help" || word === "-h" || word === "help") return print(help());
      if (version !== undefined && word === "--version") return print(version);
      const entry = Object.hasOwn(commands, word) ? commands[word] : undefined;
      if (!entry) throw unknownCommand(word, Object.keys(commands), name);
      return await (await entry.load()).command.run(args);
    },
  };
}

/**
 * Runs a command for its exit code: 2 after a mistake on the command line, 1 after any other error.
 * Errors are told by their message; KINDLING_DEBUG=1 adds the stack.
 */
export async function exitCodeOf(command: Command, args: readonly string[]): Promise<number> {
  try {
    return await command.run(args) ?? 0;
  } catch (error) {
    const debug = Deno.env.get("KINDLING_DEBUG") === "1";
    const message = error instanceof Error ? error.message || error.name : String(error);
    const detail = debug && error instanceof Error ? error.stack ?? message : message;
    notice(`${paint("red", "error", "stderr")}: ${detail}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function unknownCommand(word: string, known: readonly string[], group: string): UsageError {
  const kind = word.startsWith("-") ? "option" : "command";
  const guess = kind === "command" ? closest(word, known) : undefined;
  const hint = guess === undefined ? `see ${group} --help` : `did you mean ${guess}?`;
  return new UsageError(`Unknown ${kind} ${word}: ${hint}`);
}

/** Help is set for reading: never wider than 100 columns. */
function helpWidth(): number {
  return Math.min(100, columns());
}
