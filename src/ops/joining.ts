/**
 * Tensors put together. The way back, `split`, is a view and lives in `views.ts`.
 *
 * @module
 */

import { record } from "../autograd.ts";
import { place } from "../launch/place.ts";
import { formatShape, resolveAxis, sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { slice, unsqueeze } from "./views.ts";

/**
 * Tensors one after another along an axis, the first unless said otherwise; their other sizes must
 * be equal.
 *
 * @throws {TypeError} if there are no tensors, or if their shapes or types do not fit
 *
 * @example Append a column
 * ```ts
 * import { concat, requestDevice } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * using device = await requestDevice();
 * const x = device.tensor([[1, 2], [3, 4]]);
 * const ones = device.ones([2, 1]);
 * assertEquals(await concat([x, ones], { axis: 1 }).nested(), [[1, 2, 1], [3, 4, 1]]);
 * ```
 */
export function concat(tensors: readonly Tensor[], options: { axis?: number } = {}): Tensor {
  const first = firstOf("concat", tensors);
  const axis = resolveAxis("concat", options.axis ?? 0, first.rank);
  for (const tensor of tensors) {
    const { shape, rank } = tensor;
    tensor.storage("concat");
    if (rank !== first.rank || !sameShape(shape.with(axis, 0), first.shape.with(axis, 0))) {
      throw new TypeError(
        `Cannot concat ${formatShape(first.shape)} and ${formatShape(shape)} along axis ${axis}: ` +
          "all other sizes must be equal",
      );
    }
  }
  const starts: number[] = [];
  let length = 0;
  for (const { shape } of tensors) {
    starts.push(length);
    length += shape[axis]!;
  }
  const shape = first.shape.with(axis, length);
  const output = new Tensor(first.device, { shape, dtype: first.dtype });
  tensors.forEach((tensor, i) => place(tensor, output, { axis, start: starts[i]! }));
  return record(output, {
    name: "concat",
    inputs: tensors,
    gradients: (g) =>
      tensors.map(({ shape }, i) => () =>
        slice(g, { axis, start: starts[i]!, end: starts[i]! + shape[axis]! })
      ),
  });
}

/**
 * Tensors of one shape side by side along a new axis, the first unless said otherwise.
 *
 * @throws {TypeError} if there are no tensors, or if their shapes or types differ
 *
 * @example Make a batch of two rows
 * ```ts
 * import { requestDevice, stack } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * using device = await requestDevice();
 * const rows = [device.tensor([1, 2]), device.tensor([3, 4])];
 * assertEquals(await stack(rows).nested(), [[1, 2], [3, 4]]);
 * ```
 */
export function stack(tensors: readonly Tensor[], options: { axis?: number } = {}): Tensor {
  const first = firstOf("stack", tensors);
  const axis = resolveAxis("stack", options.axis ?? 0, first.rank + 1);
  for (const { shape } of tensors) {
    if (!sameShape(shape, first.shape)) {
      throw new TypeError(
        `Cannot stack ${formatShape(first.shape)} and ${formatShape(shape)}: ` +
          "shapes must be equal",
      );
    }
  }
  const parts = tensors.map((tensor) => unsqueeze(tensor, axis));
  const output = concat(parts, { axis });
  for (const part of parts) part.dispose();
  return output;
}

function firstOf(op: string, tensors: readonly Tensor[]): Tensor {
  const [first] = tensors;
  if (!first) throw new TypeError(`Cannot ${op} no tensors: needs at least one`);
  const other = tensors.find(({ dtype }) => dtype !== first.dtype);
  if (other) {
    throw new TypeError(
      `Cannot ${op} tensors of ${first.dtype} and ${other.dtype}: types must be equal`,
    );
  }
  return first;
}
