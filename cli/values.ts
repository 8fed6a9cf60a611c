/** Option values: reading numbers from text, and saying in words what a value has to be. */

import type { NumberOption, OptionSpec } from "./options.ts";

/** The number in `text`, or `undefined` where it is none or lies outside the option's bounds. */
export function readNumber(text: string, spec: NumberOption): number | undefined {
  const value = text.trim() === "" ? NaN : Number(text);
  const valid = Number.isFinite(value) &&
    (spec.type === "number" || Number.isSafeInteger(value)) &&
    (spec.min === undefined || value >= spec.min) &&
    (spec.above === undefined || value > spec.above) &&
    (spec.max === undefined || value <= spec.max);
  return valid ? value : undefined;
}

/** What the option's value has to be: `a whole number of at least 1`. */
export function valueHint(spec: Exclude<OptionSpec, { type: "boolean" }>): string {
  switch (spec.type) {
    case "number":
      return "a number" + bounds(spec);
    case "integer":
      return "a whole number" + bounds(spec);
    case "string":
      return spec.choices ? `one of ${spec.choices.join(", ")}` : spec.placeholder ?? "a text";
    case "strings":
      return spec.placeholder ?? "a text";
  }
}

function bounds({ min, above, max }: NumberOption): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (above !== undefined && max !== undefined) return ` above ${above} and at most ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  if (above !== undefined) return ` above ${above}`;
  if (max !== undefined) return ` of at most ${max}`;
  return "";
}
