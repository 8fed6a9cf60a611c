/**
 * Matrix products `C = A · B`, batched, with either operand transposed in memory. This file chooses
 * among the variants; each variant has a file of its own.
 *
 * | variant | for | how |
 * | --- | --- | --- |
 * | `matmul_shuffle.ts` | adapters with subgroups of 8, such as llvmpipe | rows of A travel between lanes by `subgroupShuffle` |
 * | `matmul_vector.ts` | one row, as in decoding | every column of B is loaded once; nothing is tiled |
 * | `matmul_tiled.ts` | GPUs | tiles in workgroup memory, of 32 × 32 to 128 × 64; on request, subgroups share rows of A |
 *
 * Contiguous matrices of which only one size is large take the kernels of `matmul_narrow.ts`, one of
 * which needs two launches; `src/launch/narrow_matmul.ts` sees to that. `matmul_split.ts` says which
 * products are cut along the inner axis; `src/launch/split_product.ts` sees to that.
 *
 * @module
 */

import type { Axis } from "./indexing.ts";
import type { AdapterTraits, Kernel, TilingName } from "./kernel.ts";
import type { Epilogue } from "./matmul_epilogue.ts";
import { shuffleMatmul } from "./matmul_shuffle.ts";
import { tiledMatmul, tilingsOf } from "./matmul_tiled.ts";
import { isVectorProduct, vectorMatmul } from "./matmul_vector.ts";

/** A matrix operand: one of its two strides is 1 */
export interface MatrixOperand {
  /** Elements from the start of memory */
  readonly offset: number;
  /** Distance between rows, or between columns where transposed */
  readonly leading: number;
  /** Columns, not rows, lie contiguously */
  readonly transposed: boolean;
  /** Distance between matrices along each batch axis; 0 where broadcast */
  readonly batch: readonly number[];
}

/** One launch: C [batch, m, n] = A [batch, m, k] · B [batch, k, n]; C is row-major */
export interface MatmulLaunch {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Sizes of the batch axes */
  readonly batch: readonly number[];
  readonly a: MatrixOperand;
  readonly b: MatrixOperand;
  /** B of another product with the same A, which the epilogue knows as `w`, see {@link takesPairs} */
  readonly second?: MatrixOperand;
  /** Where C starts in its memory, and whether the product is added to what is there */
  readonly c: { readonly offset: number; readonly add: boolean };
  /** What happens to the results before they are stored */
  readonly epilogue?: Epilogue;
  /** Whether the sums of the rows of A [batch, m] are one more output, see {@link sumsRows} */
  readonly rowSums?: boolean;
}

/**
 * The kernel of a matrix product. Bindings: A, B, the second B, the epilogue's operands, C, its other
 * outputs, the sums of rows
 */
export function matmulKernel(launch: MatmulLaunch, traits: AdapterTraits): Kernel {
  if (isVectorProduct(launch)) return vectorMatmul(launch, traits);
  return shuffles(traits) ? shuffleMatmul(launch, traits) : tiledMatmul(launch, traits);
}

/**
 * Whether two products of `m` rows with the same A can be one launch, which loads A once. Software
 * adapters have no registers for both: there it would mean narrower tiles and more loads.
 */
export function takesPairs(m: number, traits: AdapterTraits): boolean {
  return m > 1 && !traits.software && !shuffles(traits);
}

/**
 * Whether the rows of A can be summed up while it is multiplied: where A, transposed, is in registers
 * anyway, and reading it once more would cost more than adding it up for every tile of a row.
 */
export function sumsRows(a: MatrixOperand, traits: AdapterTraits): boolean {
  return shuffles(traits) && a.transposed;
}

/** What `traits.tiling` may choose from on an adapter; nothing where products are not tiled */
export function tilingChoices(traits: AdapterTraits): readonly TilingName[] {
  return shuffles(traits) ? [] : tilingsOf(traits);
}

function shuffles({ subgroupSize, tiling }: AdapterTraits): boolean {
  return subgroupSize === 8 && !tiling;
}

/** Batch axes with the strides of one operand */
export function batchAxes(launch: MatmulLaunch, operand: MatrixOperand): Axis[] {
  return launch.batch.map((size, axis) => ({ size, stride: operand.batch[axis]! }));
}
