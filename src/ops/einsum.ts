/**
 * Einstein summation. Composed of views, sums, products and matrix products, so it needs neither
 * kernels nor gradients of its own.
 *
 * @module
 */

import { reshapeStrides, sameShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { type EinsumAxes, matchPattern } from "./einsum_pattern.ts";
import { matmul } from "./matmul.ts";
import { sum } from "./reductions.ts";
import { expand, permute, reshape } from "./views.ts";

/** A tensor whose axes have names */
interface Named {
  readonly tensor: Tensor;
  readonly axes: readonly string[];
}

/**
 * Sums products of elements as a pattern says. Each axis has a letter (`"bhid,bhjd->bhij"`) or, where
 * a term has spaces, a name (`"batch seq d, out d -> batch seq out"`). Axes that the result does not
 * name are summed; axes that both operands and the result name are batch axes; `...`
 * stands for all further axes, which broadcast. Operands are read as they lie, without a copy,
 * unless axes that do not follow each other in memory must be merged for a matrix product.
 *
 * @throws {SyntaxError} if the pattern cannot be read
 * @throws {TypeError} if it does not fit the operands
 *
 * @example A linear map with named axes
 * ```ts
 * import { einsum, requestDevice } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * using device = await requestDevice();
 * const x = device.tensor([[1, 2]]);
 * const weight = device.tensor([[1, 0], [0, 1], [1, 1]]);
 * const y = einsum("... d_in, d_out d_in -> ... d_out", x, weight);
 * assertEquals(await y.nested(), [[1, 2, 3]]);
 * ```
 */
export function einsum(pattern: string, a: Tensor, b?: Tensor): Tensor {
  const match = matchPattern(pattern, b ? [a.shape, b.shape] : [a.shape]);
  using steps = new Steps();
  const left: Named = { tensor: a, axes: match.operands[0]! };
  const product = b ? steps.contract(left, { tensor: b, axes: match.operands[1]! }, match) : left;
  return arranged(steps.summedTo(product, match.output), match.output);
}

/** What an axis of either operand is in a matrix product */
interface Roles {
  readonly batch: readonly string[];
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly inner: readonly string[];
}

/** The steps from operands to result; what they make is freed in the end, except by the tape */
class Steps {
  readonly #made: Tensor[] = [];

  /** Frees the results of all steps */
  [Symbol.dispose](): void {
    for (const tensor of this.#made) tensor.dispose();
  }

  #own(tensor: Tensor): Tensor {
    this.#made.push(tensor);
    return tensor;
  }

  /** The product of two operands, with at least those axes summed that matrix products sum */
  contract(a: Named, b: Named, { output, sizes }: EinsumAxes): Named {
    a = this.summedTo(a, [...output, ...b.axes]);
    b = this.summedTo(b, [...output, ...a.axes]);
    const shared = a.axes.filter((name) => b.axes.includes(name));
    const inner = shared.filter((name) => !output.includes(name));
    const batch = output.filter((name) => shared.includes(name));
    const rows = a.axes.filter((name) => !shared.includes(name));
    const columns = b.axes.filter((name) => !shared.includes(name));
    const last = output.findLast((name) => !shared.includes(name));
    if (inner.length === 0 || last === undefined) {
      const axes = [...output, ...inner];
      return { tensor: this.#own(mul(this.#spread(a, axes), this.#spread(b, axes))), axes };
    }
    // The result of a matrix product is contiguous when its last axis is the right operand's.
    return rows.includes(last)
      ? this.#multiply(b, a, { batch, rows: columns, columns: rows, inner }, sizes)
      : this.#multiply(a, b, { batch, rows, columns, inner }, sizes);
  }

  /** The operand without the axes that `kept` does not name, which are summed */
  summedTo(operand: Named, kept: readonly string[]): Named {
    const gone = operand.axes.flatMap((name, axis) => kept.includes(name) ? [] : [axis]);
    if (gone.length === 0) return operand;
    return {
      tensor: this.#own(sum(operand.tensor, { axis: gone })),
      axes: operand.axes.filter((name) => kept.includes(name)),
    };
  }

  /** a [batch, rows, inner] · b [batch, inner, columns] = [batch, rows, columns] */
  #multiply(a: Named, b: Named, roles: Roles, sizes: EinsumAxes["sizes"]): Named {
    const { batch } = roles;
    const rows = inMemoryOrder(a, roles.rows);
    const columns = inMemoryOrder(b, roles.columns);
    // Inner axes are summed over in any order: take one in which neither operand needs a copy.
    const orders = [inMemoryOrder(a, roles.inner), inMemoryOrder(b, roles.inner)];
    const inner = orders.find((order) => merges(a, order) && merges(b, order)) ?? orders[0]!;
    const left = this.#merged(this.#filled(a, inner, sizes), [batch, rows, inner]);
    const right = this.#merged(this.#filled(b, inner, sizes), [batch, inner, columns]);
    const product = this.#own(matmul(left, right));
    const outer = [...rows, ...columns].map((name) => sizes.get(name)!);
    const shape = [...product.shape.slice(0, batch.length), ...outer];
    return { tensor: this.#own(reshape(product, shape)), axes: [...batch, ...rows, ...columns] };
  }

  /** The operand with all the given axes in order: those it lacks have size 1 */
  #spread(operand: Named, axes: readonly string[]): Tensor {
    const own = this.#own(arranged(operand, axes.filter((name) => operand.axes.includes(name))));
    const sizes = [...own.shape];
    const shape = axes.map((name) => operand.axes.includes(name) ? sizes.shift()! : 1);
    return this.#own(reshape(own, shape));
  }

  /** The operand with those of its axes that are named in their full size, where they broadcast */
  #filled({ tensor, axes }: Named, names: readonly string[], sizes: EinsumAxes["sizes"]): Named {
    const shape = axes.map((name, axis) =>
      names.includes(name) ? sizes.get(name)! : tensor.shape[axis]!
    );
    return sameShape(shape, tensor.shape)
      ? { tensor, axes }
      : { tensor: this.#own(expand(tensor, shape)), axes };
  }

  /** The operand's axes in this order: the first group as it is, the others each merged into one */
  #merged(operand: Named, [batch, ...groups]: readonly (readonly string[])[]): Tensor {
    const tensor = this.#own(arranged(operand, [...batch!, ...groups.flat()]));
    let at = batch!.length;
    const sizes = groups.map((group) => sizeOf(tensor.shape.slice(at, at += group.length)));
    return this.#own(reshape(tensor, [...tensor.shape.slice(0, batch!.length), ...sizes]));
  }
}

/** The operand with its axes in the given order */
function arranged({ tensor, axes }: Named, order: readonly string[]): Tensor {
  return permute(tensor, order.map((name) => axes.indexOf(name)));
}

/** The named axes from the one with the largest strides to the one with the smallest */
function inMemoryOrder({ tensor, axes }: Named, names: readonly string[]): string[] {
  const stride = (name: string) => tensor.strides[axes.indexOf(name)]!;
  return [...names].sort((a, b) => stride(b) - stride(a));
}

/** Whether the axes can be seen as one, in this order, without a copy */
function merges({ tensor, axes }: Named, names: readonly string[]): boolean {
  const at = names.map((name) => axes.indexOf(name));
  const shape = at.map((axis) => tensor.shape[axis]!);
  const strides = at.map((axis) => tensor.strides[axis]!);
  return reshapeStrides(shape, strides, [sizeOf(shape)]) !== undefined;
}
