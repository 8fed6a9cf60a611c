/**
 * Turns a plot into a story. Plots are templates:
 *
 * - `[one|two|three]` is one of its parts, which may be templates themselves;
 * - `{slot}` is the name of who or what was cast for a slot, `{slot.field}` another of its texts;
 *   a field that begins with a capital letter (`{hero.They}`) gives the text a capital too;
 * - `{@phrase}` is a template that many plots share.
 *
 * Sentences get their capital letter, and `a` becomes `an`, at the end.
 *
 * @module
 */

import type { Random } from "../../random.ts";
import type { StoryEntry } from "./words.ts";

/** A plot: who and what it needs, and its paragraphs as templates. */
export interface Plot {
  /** For each slot, the kind of thing that is cast for it. */
  readonly cast: Readonly<Record<string, string>>;
  /** Paragraphs, each a row of templates. */
  readonly paragraphs: readonly (readonly string[])[];
}

/** What plots are made with. */
export interface StoryWorld {
  /** What each kind of thing may be. */
  readonly words: Readonly<Record<string, readonly StoryEntry[]>>;
  /** Templates that many plots share. */
  readonly phrases: Readonly<Record<string, string>>;
}

/** Writes the story of a plot, with a cast and words chosen at random. */
export function expandPlot(plot: Plot, world: StoryWorld, random: Random): string {
  const expander = new Expander(castPlot(plot, world, random), world, random);
  return plot.paragraphs.map((lines) => {
    const sentences = lines.map((line) => expander.expand(line)).filter((text) => text !== "");
    return polish(sentences.join(" "));
  }).join("\n");
}

/** Chooses who and what the story is about, nobody and nothing twice. */
function castPlot(plot: Plot, world: StoryWorld, random: Random): Map<string, StoryEntry> {
  const cast = new Map<string, StoryEntry>();
  const taken = new Set<string>();
  for (const [slot, kind] of Object.entries(plot.cast)) {
    const free = world.words[kind]!.filter(({ name }) => !taken.has(name!));
    const entry = free[random.integer(free.length)]!;
    taken.add(entry.name!);
    cast.set(slot, entry);
  }
  return cast;
}

class Expander {
  readonly #cast: ReadonlyMap<string, StoryEntry>;
  readonly #world: StoryWorld;
  readonly #random: Random;

  constructor(cast: ReadonlyMap<string, StoryEntry>, world: StoryWorld, random: Random) {
    this.#cast = cast;
    this.#world = world;
    this.#random = random;
  }

  expand(template: string): string {
    let text = "";
    for (let at = 0; at < template.length;) {
      const opening = template[at]!;
      if (opening !== "[" && opening !== "{") {
        text += opening;
        at++;
        continue;
      }
      const end = closingBracket(template, at);
      const inside = template.slice(at + 1, end);
      text += opening === "[" ? this.#choose(inside) : this.#lookUp(inside);
      at = end + 1;
    }
    return text;
  }

  #choose(alternatives: string): string {
    const parts = splitAlternatives(alternatives);
    return this.expand(parts[this.#random.integer(parts.length)]!);
  }

  #lookUp(reference: string): string {
    if (reference.startsWith("@")) return this.expand(this.#world.phrases[reference.slice(1)]!);
    const [slot, field = "name"] = reference.split(".") as [string, string?];
    const key = field[0]!.toLowerCase() + field.slice(1);
    const text = this.#cast.get(slot)?.[key];
    if (text === undefined) throw new Error(`Cannot expand {${reference}}: the story has none`);
    return key === field ? text : text[0]!.toUpperCase() + text.slice(1);
  }
}

/** Where the bracket that opens at a place is closed. */
function closingBracket(template: string, start: number): number {
  let depth = 0;
  for (let at = start; at < template.length; at++) {
    if ("[{".includes(template[at]!)) depth++;
    if ("]}".includes(template[at]!) && --depth === 0) return at;
  }
  throw new Error(`Cannot expand ${JSON.stringify(template)}: a bracket is not closed`);
}

/** The parts between the bars that stand in no inner brackets. */
function splitAlternatives(alternatives: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const character of alternatives) {
    if (character === "[") depth++;
    if (character === "]") depth--;
    if (character === "|" && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}

/** Capital letters where sentences and quotations begin, and `an` before vowels. */
function polish(paragraph: string): string {
  return paragraph
    .replace(/ {2,}/g, " ") // where an empty alternative was chosen
    .replace(/\b([Aa]) (?=[aeiou])/g, "$1n ")
    .replace(
      /(^|[.!?] |\." |(?:^| )")([a-z])/g,
      (_, before, letter) => before + letter.toUpperCase(),
    );
}
