/** The two output streams: writing lines, width, colour, and whether a person is watching. */

/** An output stream of the process. Results go to stdout, everything about them to stderr. */
export type Stream = "stdout" | "stderr";

const encoder = new TextEncoder();

/** Writes text as it is; waits until the stream has taken all of it. */
export function write(text: string, stream: Stream = "stdout"): void {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(Deno[stream].writeSync(bytes));
    } catch (error) {
      // The reader has gone, as in `kindling --help | head -1`: nobody is left to tell.
      if (error instanceof Deno.errors.BrokenPipe) return;
      throw error;
    }
  }
}

/** Writes a line of results. */
export function print(line = ""): void {
  write(line + "\n", "stdout");
}

/** Writes a line about the work: notices, warnings and errors. */
export function notice(line = ""): void {
  write(line + "\n", "stderr");
}

/** Whether the stream is a terminal that can redraw a line. */
export function isTerminal(stream: Stream): boolean {
  return Deno[stream].isTerminal() && Deno.env.get("TERM") !== "dumb";
}

/** The terminal's width, or 80 where there is none. */
export function columns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}

/** Whether the locale says that characters beyond ASCII can be shown. */
export function hasUnicode(): boolean {
  if (Deno.build.os === "windows") return true;
  const { env } = Deno;
  // POSIX: LC_ALL overrides LC_CTYPE overrides LANG; empty counts as unset.
  const locale = env.get("LC_ALL") || env.get("LC_CTYPE") || env.get("LANG");
  if (!locale) return Deno.build.os === "darwin";
  return /utf-?8/i.test(locale) && env.get("TERM") !== "linux";
}

/** Select Graphic Rendition codes: what switches a style on and off. */
const STYLES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

/** A text style. */
export type Style = keyof typeof STYLES;

/** Whether the stream shows colour: a terminal, and the user did not set NO_COLOR. */
export function hasColour(stream: Stream): boolean {
  return isTerminal(stream) && !Deno.noColor;
}

/** The text in a style, or plain where the stream shows no colour. */
export function paint(style: Style, text: string, stream: Stream = "stdout"): string {
  return hasColour(stream) ? styled(style, text) : text;
}

/** The text in a style, whatever the stream. */
export function styled(style: Style, text: string): string {
  const [on, off] = STYLES[style];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}
