/**
 * Checks of parsed JSON that tell what was found where, for the tokenizer formats.
 *
 * @module
 */

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses JSON text; what is parsed already is passed through. `name` is for the error message. */
export function parseJson(json: string | object, name: string): unknown {
  if (typeof json !== "string") return json;
  try {
    return JSON.parse(json.replace(/^\uFEFF/, ""));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SyntaxError(`Cannot read ${name}: it is not JSON (${reason})`, { cause });
  }
}

/** The value as an object, or a SyntaxError. */
export function asObject(value: unknown, name: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw new SyntaxError(`Cannot read ${name}: found ${describe(value)}, needed an object`);
}

/** The value as an array, or a SyntaxError. */
export function asArray(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new SyntaxError(`Cannot read ${name}: found ${describe(value)}, needed an array`);
}

/** The value as a string, or a SyntaxError. */
export function asString(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw new SyntaxError(`Cannot read ${name}: found ${describe(value)}, needed a string`);
}

/** The value as a token id, or a SyntaxError. */
export function asTokenId(value: unknown, name: string): number {
  if (Number.isInteger(value) && (value as number) >= 0) return value as number;
  throw new SyntaxError(
    `Cannot read ${name}: found ${describe(value)}, needed an integer from 0 as a token id`,
  );
}

/** A value as error messages show it: short ones whole. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  if (text.length <= 40) return text;
  return Array.isArray(value) ? "an array" : `${text.slice(0, 40)}…`;
}
