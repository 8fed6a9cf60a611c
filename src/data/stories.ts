/**
 * Simple English stories for small models to learn from, made up by a grammar: characters who want
 * something, meet with a problem and solve it. In the manner of TinyStories (Eldan and Li, 2023), but
 * written here, and of any length.
 *
 * @module
 */

import { foldSeed, Random } from "../random.ts";
import { expandPlot } from "./stories/expander.ts";
import { STORY_PHRASES } from "./stories/phrases.ts";
import { PLOTS_OF_ANIMALS } from "./stories/plots_of_animals.ts";
import { PLOTS_OF_CHILDREN } from "./stories/plots_of_children.ts";
import { PLOTS_OF_FRIENDS } from "./stories/plots_of_friends.ts";
import { PLOTS_OF_HOME } from "./stories/plots_of_home.ts";
import { STORY_WORDS } from "./stories/words.ts";

const PLOTS = [...PLOTS_OF_FRIENDS, ...PLOTS_OF_CHILDREN, ...PLOTS_OF_HOME, ...PLOTS_OF_ANIMALS];
const WORLD = { words: STORY_WORDS, phrases: STORY_PHRASES };

/** The token that stands between stories. */
export const END_OF_TEXT = "<|endoftext|>";

/** Options of {@linkcode generateStories}. */
export interface GenerateStoriesOptions {
  /** The seed, any safe integer. Default 0. */
  readonly seed?: number;
  /** How many stories. Default: no limit. */
  readonly count?: number;
  /** Ends after the story with which the stories together have at least so many characters. */
  readonly characters?: number;
}

/**
 * Makes up simple English stories of about 700 characters, of a few paragraphs each, with a line feed
 * between paragraphs. Without `count` or `characters` they do not end.
 *
 * @example Two stories
 * ```ts
 * import { generateStories } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * const stories = [...generateStories({ seed: 1, count: 2 })];
 * assertEquals(stories.length, 2);
 * assertEquals([...generateStories({ seed: 1, count: 1 })], stories.slice(0, 1));
 * ```
 *
 * @param options The seed, and how much is wanted.
 * @returns The stories, one after another: the same for a seed, however many are taken.
 * @throws {RangeError} If the seed is not a safe integer.
 */
export function* generateStories(options: GenerateStoriesOptions = {}): Generator<string> {
  const { seed = 0, count = Infinity, characters = Infinity } = options;
  let written = 0;
  for (let index = 0; index < count && written < characters; index++) {
    const random = new Random(foldSeed(seed, index));
    const plot = PLOTS[random.integer(PLOTS.length)]!;
    const story = expandPlot(plot, WORLD, random);
    written += story.length;
    yield story;
  }
}

/**
 * Joins stories into a text for training, an end-of-text token after each.
 *
 * @example A text of about 10,000 characters
 * ```ts
 * import { generateStories, joinStories } from "@kindling/lm";
 * import { assert } from "@std/assert";
 *
 * const text = joinStories(generateStories({ seed: 0, characters: 10_000 }));
 * assert(text.length > 10_000);
 * assert(text.endsWith("<|endoftext|>"));
 * ```
 *
 * @param stories The stories.
 * @param separator What follows each story. Default `<|endoftext|>`.
 * @returns The text.
 */
export function joinStories(
  stories: Iterable<string>,
  separator: string = END_OF_TEXT,
): string {
  let text = "";
  for (const story of stories) text += story + separator;
  return text;
}
