// Einstein summation, straight from its definition: for each output index, a sum over the values
// of all axes that the output does not name.

import { at, broadcastShapes, build, forEachIndex, type NdArray } from "./ndarray.ts";

/** The axes that a term names, one per letter or per word, and `...` for those it does not. */
function tokensOf(term: string, named: boolean): string[] {
  return term.match(named ? /\.{3}|[^\s.]+/g : /\.{3}|\w/g) ?? [];
}

/**
 * A term's axes with the ellipsis spelled out, as names counted from the right, `...1` the last of
 * its axes, so that operands align as in broadcasting.
 */
function axesOf(term: string, hidden: number, named: boolean): string[] {
  return tokensOf(term, named).flatMap((token) =>
    token === "..." ? Array.from({ length: hidden }, (_, i) => `...${hidden - i}`) : [token]
  );
}

/**
 * Sums products of the operands' elements as a pattern says: `"ij,jk->ik"` with a letter per axis,
 * or `"batch seq d, out d -> batch seq out"` with names divided by spaces, as in einops.
 * Names are meant as soon as a term has a space inside or its letters do not fit the operand's rank.
 * A leading `...` broadcasts the axes that are not named.
 */
export function einsum(pattern: string, ...operands: readonly NdArray[]): NdArray {
  const [inputs, output, ...rest] = pattern.split("->").map((side) => side.trim());
  const terms = inputs!.split(",").map((term) => term.trim());
  if (output === undefined || rest.length > 0 || terms.length !== operands.length) {
    throw new SyntaxError(`Cannot read the pattern "${pattern}" for ${operands.length} operands`);
  }
  const ranks = operands.map((operand) => operand.shape.length);
  const hiddenOf = (term: string, rank: number, named: boolean): number =>
    rank - tokensOf(term, named).filter((token) => token !== "...").length;
  const named = [...terms, output].some((term) => /\s/.test(term)) ||
    terms.some((term, i) => {
      const hidden = hiddenOf(term, ranks[i]!, false);
      return term.includes("...") ? hidden < 0 : hidden !== 0;
    });

  const axes = terms.map((term, i) => axesOf(term, hiddenOf(term, ranks[i]!, named), named));
  const sizes = new Map<string, number>();
  axes.forEach((names, i) => {
    const { shape } = operands[i]!;
    if (names.length !== shape.length) {
      throw new RangeError(`Cannot match "${terms[i]}" with [${shape.join(", ")}]`);
    }
    names.forEach((name, axis) => {
      const size = shape[axis]!;
      const known = sizes.get(name) ?? size;
      if (known !== size && !name.startsWith("...")) {
        throw new RangeError(`Cannot match axis ${name} of size ${known} with size ${size}`);
      }
      sizes.set(name, broadcastShapes([known], [size])[0]!);
    });
  });

  const hidden = [...sizes.keys()].filter((name) => name.startsWith("...")).length;
  const kept = axesOf(output, hidden, named);
  const summed = [...sizes.keys()].filter((name) => !kept.includes(name));
  const sizeOfAxis = (name: string): number => {
    const size = sizes.get(name);
    if (size === undefined) throw new RangeError(`Cannot output the unknown axis ${name}`);
    return size;
  };

  const position = new Map<string, number>();
  return build(kept.map(sizeOfAxis), (index) => {
    kept.forEach((name, i) => position.set(name, index[i]!));
    let sum = 0;
    forEachIndex(summed.map(sizeOfAxis), (inner) => {
      summed.forEach((name, i) => position.set(name, inner[i]!));
      let product = 1;
      operands.forEach((operand, i) => {
        const place = axes[i]!.map((name, axis) =>
          operand.shape[axis] === 1 ? 0 : position.get(name)!
        );
        product *= at(operand, place);
      });
      sum += product;
    });
    return sum;
  });
}
