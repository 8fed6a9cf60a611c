/**
 * Matrix products with what follows them, done as they are stored: biases, activations, the residual
 * stream, rotary embedding. Nothing here records gradients.
 *
 * @module
 */

import type { AdapterTraits } from "../../kernels/kernel.ts";
import { mathsFor } from "../../kernels/maths.ts";
import { takesPairs } from "../../kernels/matmul.ts";
import { type Epilogue, type EpilogueTurn, isWide } from "../../kernels/matmul_epilogue.ts";
import { Tensor } from "../tensor.ts";
import { matmul, MAX_INNER } from "./matmul.ts";
import { contiguous, floatType, pointwiseMany } from "./pointwise.ts";
import { matmulSizes, product } from "./product.ts";
import { rotateHeads, type Rotation } from "./rotary.ts";

/** What happens to a product before it is stored: expressions like those of `formulas.ts` */
export interface Finish {
  /** Name in profiles, behind the product's and before that of turning */
  readonly name: string;
  /** Operands of shape [n], by their names in the expressions */
  readonly columns?: Readonly<Record<string, Tensor | undefined>>;
  /** Operands of the product's shape */
  readonly elements?: Readonly<Record<string, Tensor | undefined>>;
  /** Expressions over the product `v` and the operands, one for each result */
  readonly values: readonly string[];
  /** Turns the heads of the first result, whose rows are sequences of so many positions */
  readonly turn?: Turn;
}

/** How heads are turned; positions begin anew after so many rows */
interface Turn extends Rotation {
  readonly positions: number;
}

/** Products that are finished before they are stored, see {@link matmul}: a tensor for each value */
export function finishedMatmul(a: Tensor, b: Tensor, finish: Finish): Tensor[] {
  const { turn, ...rest } = finish;
  if (turn && !turnsAtOnce(a, b, finish)) return turnedApart(finishedMatmul(a, b, rest), turn);
  if (!turn && finish.values.join() === "v") return [matmul(a, b)];
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
  const { turn } = finish;
  const columns = given(finish.columns), elements = given(finish.elements);
  const outputs = finish.values.map(() =>
    new Tensor(a.device, { shape: [...batch, m, n], dtype: floatType(a, b) })
  );
  const [target, ...others] = outputs as [Tensor, ...Tensor[]];
  if (target.size === 0) return outputs;
  const tensors = [...Object.values(columns), ...Object.values(elements)].map(contiguous);
  const names = [...Object.keys(columns), ...Object.keys(elements)];
  const epilogue: Epilogue = {
    name: [finish.name, turn && "rotary"].map((part) => part ? `_${part}` : "").join(""),
    values: finish.values,
    operands: tensors.map(({ offset }, i) => ({
      name: names[i]!,
      per: i < Object.keys(columns).length ? "column" : "element",
      offset,
    })),
    ...(turn ? { turn: epilogueTurn(turn, n) } : {}),
  };
  if (turn) tensors.push(turn.table.view());
  product(a, b, { target, add: false, finish: { epilogue, second, tensors, others } });
  for (const tensor of tensors) tensor.dispose();
  return outputs;
}

/** How a kernel turns the heads of `n` columns */
function epilogueTurn({ table, positions, firstPosition }: Turn, n: number): EpilogueTurn {
  const dimension = 2 * table.shape[1]!;
  return { offset: table.offset, columns: n, dimension, positions, firstPosition };
}

/**
 * Whether heads are turned as the product is stored: where no vector of four reaches into the next
 * head
 */
function turnsAtOnce(a: Tensor, b: Tensor, { columns, turn }: Finish): boolean {
  const { m, n, k } = matmulSizes(a, b);
  const operands = Object.values(given(columns));
  return m > 1 && k > 0 && k <= MAX_INNER &&
    isWide({ operands, turn: epilogueTurn(turn!, n) }, { n, offset: 0 });
}

/** Results of which another kernel turns the first */
function turnedApart([straight, ...others]: Tensor[], turn: Turn): Tensor[] {
  if (straight!.size === 0) return [straight!, ...others];
  const { shape } = straight!;
  using flat = straight!;
  using sequences = flat.view({ shape: [shape[0]! / turn.positions, turn.positions, shape[1]!] });
  using turned = rotateHeads(sequences, turn);
  return [turned.view({ shape }), ...others];
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
