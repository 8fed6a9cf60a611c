/**
 * Matrix products of tensors, batched, with transposed views read as they lie.
 *
 * @module
 */

import type { AdapterTraits } from "../../kernels/kernel.ts";
import { mathsFor } from "../../kernels/maths.ts";
import { takesPairs } from "../../kernels/matmul.ts";
import type { Epilogue } from "../../kernels/matmul_epilogue.ts";
import { Tensor } from "../tensor.ts";
import type { Destination } from "./launch.ts";
import { narrowMatmul } from "./narrow_matmul.ts";
import { contiguous, fill, floatType, pointwiseMany } from "./pointwise.ts";
import { matmulSizes, product } from "./product.ts";
import { splitProduct } from "./split_product.ts";

/** Longest inner axis of one launch: llvmpipe silently ends loops after 65,535 rounds */
const MAX_INNER = 32768;

/** What happens to a product before it is stored: expressions like those of `formulas.ts` */
export interface Finish {
  /** Name in profiles, behind the product's */
  readonly name: string;
  /** Operands of shape [n], by their names in the expressions */
  readonly columns?: Readonly<Record<string, Tensor | undefined>>;
  /** Operands of the product's shape */
  readonly elements?: Readonly<Record<string, Tensor | undefined>>;
  /** Expressions over the product `v` and the operands, one for each result */
  readonly values: readonly string[];
}

/**
 * a [..., m, k] · b [..., k, n] = [..., m, n]; batch axes broadcast; shapes were checked. The result
 * is a new tensor, or goes `into` a row-major one, which may begin at an offset.
 */
export function matmul(a: Tensor, b: Tensor, into?: Destination): Tensor {
  const narrow = narrowMatmul(a, b, into);
  if (narrow) return narrow;
  const { batch, m, n, k } = matmulSizes(a, b);
  const target = into?.target ??
    new Tensor(a.device, { shape: [...batch, m, n], dtype: floatType(a, b) });
  if (target.size === 0) return target;
  if (k === 0) return into?.add ? target : fill(target, 0);
  for (let start = 0; start < k; start += MAX_INNER) {
    const end = Math.min(start + MAX_INNER, k);
    using left = between(a, -1, start, end);
    using right = between(b, -2, start, end);
    const part = { target, add: start > 0 || (into?.add ?? false) };
    if (!splitProduct(left, right, part)) product(left, right, part);
  }
  return target;
}

/** Products that are finished before they are stored, see {@link matmul}: a tensor for each value */
export function finishedMatmul(a: Tensor, b: Tensor, finish: Finish): Tensor[] {
  if (finish.values.join() === "v") return [matmul(a, b)];
  const { m, k } = matmulSizes(a, b);
  if (k === 0 || k > MAX_INNER || (m > 1 && isDear(finish, a.device.runtime.traits))) {
    return finishedApart(matmul(a, b), finish);
  }
  return finishedProduct(a, b, finish);
}

/**
 * Two products with the same rows in one kernel, `v` and `w` in the expressions: a [m, k] · b [k, n]
 * and a · second [k, n]. Nothing where two kernels are better.
 */
export function pairedMatmul(
  a: Tensor,
  [b, second]: readonly [Tensor, Tensor],
  finish: Finish,
): Tensor[] | undefined {
  const { m, k } = matmulSizes(a, b);
  if (k === 0 || k > MAX_INNER || !takesPairs(m, a.device.runtime.traits)) return undefined;
  return finishedProduct(a, b, finish, second);
}

/** A launch that finishes what it stores, see {@link finishedMatmul} */
function finishedProduct(a: Tensor, b: Tensor, finish: Finish, second?: Tensor): Tensor[] {
  const { batch, m, n } = matmulSizes(a, b);
  const columns = given(finish.columns), elements = given(finish.elements);
  const outputs = finish.values.map(() =>
    new Tensor(a.device, { shape: [...batch, m, n], dtype: floatType(a, b) })
  );
  const [target, ...others] = outputs as [Tensor, ...Tensor[]];
  if (target.size === 0) return outputs;
  const tensors = [...Object.values(columns), ...Object.values(elements)].map(contiguous);
  const names = [...Object.keys(columns), ...Object.keys(elements)];
  const epilogue: Epilogue = {
    name: `_${finish.name}`,
    values: finish.values,
    operands: tensors.map(({ offset }, i) => ({
      name: names[i]!,
      per: i < Object.keys(columns).length ? "column" : "element",
      offset,
    })),
  };
  product(a, b, { target, add: false, finish: { epilogue, second, tensors, others } });
  for (const tensor of tensors) tensor.dispose();
  return outputs;
}

/**
 * Whether a product is better finished by another kernel. Kernels for software adapters have code
 * of its own for each row that they store: with exponentials in it, compiling them takes a second,
 * and running them no less than both.
 */
function isDear({ values }: Finish, traits: AdapterTraits): boolean {
  return traits.software && mathsFor(values.join()) !== "";
}

/** What {@link finishedMatmul} gives, from the product, which it takes over */
function finishedApart(v: Tensor, { name, columns, elements, values }: Finish): Tensor[] {
  const computed = values.filter((value) => value !== "v");
  const results = pointwiseMany({
    name,
    operands: { v, ...given(columns), ...given(elements) },
    as: () => "f32",
    result: v.dtype,
  }, computed);
  if (computed.length === values.length) v.dispose();
  return values.map((value) => value === "v" ? v : results[computed.indexOf(value)]!);
}

/** The operands that are there */
function given(operands: Finish["columns"] = {}): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(operands).filter((entry): entry is [string, Tensor] => entry[1] !== undefined),
  );
}

/** A view of the positions `start` to `end` of an axis counted from the end */
function between(tensor: Tensor, axis: -1 | -2, start: number, end: number): Tensor {
  return tensor.view({
    shape: tensor.shape.with(axis, end - start),
    strides: tensor.strides,
    offset: tensor.offset + start * tensor.strides.at(axis)!,
  });
}
