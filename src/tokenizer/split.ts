/**
 * Splits text at special tokens. Training and encoding both stand on it.
 *
 * @module
 */

import type { SpecialTokenFinder } from "./special_tokens.ts";

/** Takes the parts of a text in order. */
export interface PartSink {
  /** Takes the text `text.slice(start, end)`, which has no special tokens. */
  plain(text: string, start: number, end: number): void;
  /** Takes a special token. */
  special(token: string): void;
}

/**
 * Hands the parts of a text to a sink.
 *
 * @param text The text.
 * @param finder Finds the special tokens.
 * @param sink Takes the parts.
 */
export function split(text: string, finder: SpecialTokenFinder, sink: PartSink): void {
  let start = 0;
  for (let match = finder.find(text, 0); match !== undefined; match = finder.find(text, start)) {
    if (match.start > start) sink.plain(text, start, match.start);
    sink.special(match.token);
    start = match.start + match.token.length;
  }
  if (start < text.length) sink.plain(text, start, text.length);
}
