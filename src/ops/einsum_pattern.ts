/**
 * Reads the patterns of {@link einsum}: `"bhid,bhjd->bhij"` with a letter per axis, or
 * `"batch seq d, out d -> batch seq out"` with names, as in einops.
 *
 * @module
 */

import { formatShape, type Shape } from "../shape.ts";

/** A pattern matched with the shapes of its operands: one axis name for each of their axes */
export interface EinsumAxes {
  /** Names of each operand's axes */
  readonly operands: readonly (readonly string[])[];
  /** Names of the result's axes */
  readonly output: readonly string[];
  /** Size of each axis */
  readonly sizes: ReadonlyMap<string, number>;
}

/** Axes that `...` stands for are called `...1`, `...2` and so on, counted from the right */
const ELLIPSIS = "...";

/**
 * Matches a pattern with shapes. Names are meant as soon as a term has a space inside or its letters
 * do not fit the operand's rank.
 *
 * @throws {SyntaxError} if the pattern cannot be read
 * @throws {TypeError} if it does not fit the shapes
 */
export function matchPattern(pattern: string, shapes: readonly Shape[]): EinsumAxes {
  const fail = (why: string) => new SyntaxError(`Cannot read the pattern "${pattern}": ${why}`);
  const [left, right, ...rest] = pattern.split("->");
  if (right === undefined || rest.length > 0) throw fail("needs one arrow ->");
  const terms = left!.split(",").map((term) => term.trim());
  const outputTerm = right.trim();
  if (terms.length !== shapes.length) {
    throw fail(`it has ${terms.length} operands on the left, but ${shapes.length} were given`);
  }

  const all = [...terms, outputTerm];
  const hasSpaces = all.some((term) => /\s/.test(term));
  const named = hasSpaces ||
    terms.some((term, i) => {
      const hidden = shapes[i]!.length - tokens(term, false).filter(isName).length;
      return term.includes(ELLIPSIS) ? hidden < 0 : hidden !== 0;
    });
  for (const term of all) {
    const found = tokens(term, named);
    if (found.join("") !== term.replace(/\s/g, "")) {
      throw fail(`"${term}" must be ${named ? "names" : "letters"}, perhaps with one ...`);
    }
    const twice = found.find((name, i) => found.indexOf(name) !== i);
    if (twice) throw fail(`"${term}" names ${twice} twice`);
  }

  const sizes = new Map<string, number>();
  const operands = terms.map((term, i) => {
    const shape = shapes[i]!;
    const found = tokens(term, named);
    const hidden = shape.length - found.filter(isName).length;
    const names = spellOut(found, hidden);
    if (hidden < 0 || names.length !== shape.length) {
      const letters = tokens(term, false).filter(isName).length;
      const words = found.filter(isName).length;
      throw new TypeError(
        `Cannot match "${term}" with a tensor of shape ${formatShape(shape)}: it has ` +
          (hasSpaces ? `${words} names` : `${letters} letters, or ${words} names`),
      );
    }
    names.forEach((name, axis) => {
      const size = shape[axis]!;
      const known = sizes.get(name) ?? size;
      const broadcasts = !isName(name) && (known === 1 || size === 1);
      if (known !== size && !broadcasts) {
        throw new TypeError(
          `Cannot match "${pattern}" with ${shapes.map(formatShape).join(" and ")}: ` +
            `axis ${name} has size ${known} and ${size}`,
        );
      }
      sizes.set(name, known === 1 ? size : known);
    });
    return names;
  });
  const hidden = [...sizes.keys()].filter((name) => !isName(name)).length;
  const output = spellOut(tokens(outputTerm, named), hidden);
  const unknown = output.find((name) => !sizes.has(name));
  if (unknown) throw fail(`no operand has the axis ${unknown} of the result`);
  return { operands, output, sizes };
}

function tokens(term: string, named: boolean): string[] {
  return term.match(named ? /\.{3}|[^\s.]+/g : /\.{3}|\w/g) ?? [];
}

function isName(token: string): boolean {
  return !token.startsWith(ELLIPSIS);
}

/** The axes behind `...` counted down to 1, so that operands align from the right */
function spellOut(found: readonly string[], hidden: number): string[] {
  return found.flatMap((token) =>
    isName(token)
      ? [token]
      : Array.from({ length: Math.max(0, hidden) }, (_, i) => `...${hidden - i}`)
  );
}
