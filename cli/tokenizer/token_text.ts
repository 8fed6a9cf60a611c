/** Tokens as the terminal shows them: blanks and control characters visible, colours in turn. */

import { hasColour, type Style, styled } from "../terminal.ts";

const COLOURS: readonly Style[] = ["cyan", "yellow", "green"];

/** A token's text with blanks as `␣`, line feeds as `⏎`, other control characters escaped. */
export function visible(text: string): string {
  return text.replaceAll(" ", "␣").replaceAll("\n", "⏎").replace(
    // deno-lint-ignore no-control-regex
    /[\u0000-\u001f\u007f-\u009f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** A token's bytes as text; bytes that are not characters as `<e2>`. */
export function visibleBytes(bytes: Uint8Array): string {
  try {
    return visible(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    const hex = (byte: number) => `<${byte.toString(16).padStart(2, "0")}>`;
    return Array.from(bytes, (byte) => byte < 0x80 ? visible(String.fromCharCode(byte)) : hex(byte))
      .join("");
  }
}

/** Pieces one after another: in colours in turn, or with bars between. */
export function inTurn(pieces: readonly string[]): string {
  if (!hasColour("stdout")) return pieces.join("|");
  return pieces.map((piece, i) => styled(COLOURS[i % COLOURS.length]!, piece)).join("");
}
