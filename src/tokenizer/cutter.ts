/**
 * Where a text may be cut in two so that the words of the parts are the words of the whole, whatever
 * comes before and after: what streams and parallel work stand on.
 *
 * Such a place can be told from the two characters around it, by all patterns (see `patterns/`):
 * before a blank that follows something visible, and between a letter or number and whatever is
 * neither of its kind nor a mark or an apostrophe. No pattern looks behind, and none has these two
 * characters in one word.
 *
 * @module
 */

import { ASCII_CLASSES, classOf, KIND, LETTER, MARK, NUMBER, SPACE } from "./patterns/classes.ts";
import type { SpecialTokenFinder } from "./special_tokens.ts";

const BLANK = 0x20;
const APOSTROPHE = 0x27;

/**
 * The last place between `start` and `limit` where a text may be cut.
 *
 * @param text The text.
 * @param start A place that the cut must lie after.
 * @param limit A place that the cut must lie before.
 * @returns The place, or -1 if there is none.
 */
export function lastCut(text: string, start: number, limit: number): number {
  for (let at = limit - 1; at > start; at--) {
    if (isCut(text, at, limit)) return at;
  }
  return -1;
}

function isCut(text: string, at: number, limit: number): boolean {
  const before = classBefore(text, at);
  const unit = text.charCodeAt(at);
  if (unit === BLANK) return (before & SPACE) === 0;
  if ((before & (LETTER | NUMBER)) === 0 || unit === APOSTROPHE) return false;
  if (unit >= 0xd800 && unit <= 0xdfff) {
    // Not inside a surrogate pair, and not before one of which only half is there.
    if (unit >= 0xdc00 || at + 1 >= limit) return false;
  }
  const after = unit < 0x80 ? ASCII_CLASSES[unit]! : classOf(text.codePointAt(at)!);
  return (before & after & KIND) === 0 && (after & MARK) === 0;
}

/** The class of the character that ends at a place. */
function classBefore(text: string, at: number): number {
  const unit = text.charCodeAt(at - 1);
  if (unit < 0x80) return ASCII_CLASSES[unit]!;
  const isPair = unit >= 0xdc00 && unit <= 0xdfff && at > 1 && text.codePointAt(at - 2)! > 0xffff;
  return classOf(isPair ? text.codePointAt(at - 2)! : unit);
}

/** Gathers text that arrives in pieces and hands on as much of it as may be cut off. */
export class TextCutter {
  readonly #finder: SpecialTokenFinder;
  #held = "";
  /** How much text to gather before looking for a cut: so that a long word costs linear time. */
  #enough = 1;

  /** Takes what finds the special tokens: no cut goes through one. */
  constructor(finder: SpecialTokenFinder) {
    this.#finder = finder;
  }

  /** Takes the next piece of the text; returns what can be cut off now, often nothing. */
  push(piece: string): string {
    this.#held += piece;
    const held = this.#held;
    if (held.length < this.#enough) return "";
    let cut = held.length;
    do cut = lastCut(held, 0, cut); while (cut > 0 && this.#finder.mayCross(held, cut));
    this.#held = held.slice(Math.max(cut, 0));
    this.#enough = cut > 0 ? 1 : 2 * held.length;
    return cut > 0 ? held.slice(0, cut) : "";
  }

  /** Ends the text: returns what was held back. */
  end(): string {
    const rest = this.#held;
    this.#held = "";
    this.#enough = 1;
    return rest;
  }
}
