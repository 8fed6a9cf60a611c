/**
 * The patterns by name.
 *
 * @module
 */

import { cl100k } from "./cl100k.ts";
import { gpt2 } from "./gpt2.ts";
import { o200k } from "./o200k.ts";
import type { PatternName, WordPattern } from "./pattern.ts";

/** All patterns. */
export const PATTERNS: Readonly<Record<PatternName, WordPattern>> = { gpt2, cl100k, o200k };

/** The pattern of a name, or a RangeError. */
export function patternOf(name: PatternName): WordPattern {
  if (Object.hasOwn(PATTERNS, name)) return PATTERNS[name];
  throw new RangeError(
    `Cannot cut words by pattern ${JSON.stringify(name)}: needed one of ${
      Object.keys(PATTERNS).join(", ")
    }`,
  );
}

/** The pattern that a regular expression stands for, or undefined. */
export function patternOfSource(source: string): WordPattern | undefined {
  return Object.values(PATTERNS).find((pattern) =>
    pattern.source === source || pattern.otherSources.includes(source)
  );
}
