/** Views, and tensors put together. */

import { add, mul } from "../../../src/ops/arithmetic.ts";
import { concat, stack } from "../../../src/ops/joining.ts";
import * as views from "../../../src/ops/views.ts";
import * as reference from "../../reference/mod.ts";
import type { OpRow } from "../row.ts";

export const VIEWS: readonly OpRow[] = [
  {
    name: "reshape",
    op: (x) => views.reshape(x, [6, -1]),
    oracle: (x) => reference.reshape(x, [6, -1]),
    shapes: [[[3, 4]], [[2, 3, 5]], [[12]]],
  },
  {
    name: "reshape to a scalar",
    op: (x) => views.reshape(x, []),
    oracle: (x) => reference.reshape(x, []),
    shapes: [[[1, 1]], [[]]],
  },
  {
    name: "reshape of nothing",
    op: (x) => views.reshape(x, [4, 0]),
    oracle: (x) => reference.reshape(x, [4, 0]),
    shapes: [[[0]], [[2, 0, 3]]],
  },
  {
    name: "reshape of a permuted tensor",
    op: (x) => views.reshape(views.permute(x, [1, 0, 2]), [-1]),
    oracle: (x) => reference.reshape(reference.permute(x, [1, 0, 2]), [-1]),
    shapes: [[[2, 3, 4]], [[1, 5, 3]]],
  },
  {
    name: "contiguous",
    op: (x) => views.contiguous(x),
    oracle: (x) => x,
    shapes: [[[3, 4]], [[]]],
  },
  {
    name: "contiguous of a transposed tensor",
    op: (x) => views.contiguous(views.transpose(x)),
    oracle: (x) => reference.transpose(x),
    shapes: [[[3, 4]], [[2, 3, 5]]],
  },
  {
    name: "flatten",
    op: (x) => views.flatten(x, { start: 1 }),
    oracle: (x) => reference.reshape(x, [x.shape[0]!, -1]),
    shapes: [[[2, 3, 4]], [[5, 7]]],
  },
  {
    name: "permute",
    op: (x) => views.permute(x, [2, 0, -2]),
    oracle: (x) => reference.permute(x, [2, 0, 1]),
    shapes: [[[2, 3, 4]], [[3, 0, 2]]],
  },
  {
    name: "transpose",
    op: (x) => views.transpose(x),
    oracle: (x) => reference.transpose(x),
    shapes: [[[3, 5]], [[2, 3, 4]], [[1, 1]]],
  },
  {
    name: "transpose of other axes",
    op: (x) => views.transpose(x, [0, -1]),
    oracle: (x) => reference.transpose(x, 0, -1),
    shapes: [[[2, 3, 4]]],
  },
  {
    name: "expand",
    op: (x) => views.expand(x, [2, -1, 4]),
    oracle: (x) => reference.broadcastTo(x, [2, 3, 4]),
    shapes: [[[3, 1]], [[2, 3, 1]], [[1, 3, 4]]],
  },
  {
    name: "squeeze",
    op: (x) => views.squeeze(x, 1),
    oracle: (x) => reference.reshape(x, [x.shape[0]!, x.shape[2]!]),
    shapes: [[[3, 1, 4]]],
  },
  {
    name: "unsqueeze",
    op: (x) => views.unsqueeze(x, -1),
    oracle: (x) => reference.reshape(x, [...x.shape, 1]),
    shapes: [[[3, 4]], [[]]],
  },
  {
    name: "slice",
    op: (x) => views.slice(x, { axis: 1, start: 1, end: -1 }),
    oracle: (x) => reference.slice(x, { axis: 1, start: 1, end: -1 }),
    shapes: [[[3, 5]], [[2, 9, 4]], [[3, 2]]],
  },
  {
    name: "slice by steps",
    op: (x) => views.slice(x, { start: 1, step: 3 }),
    oracle: (x) => reference.slice(x, { axis: 0, start: 1, step: 3 }),
    shapes: [[[8, 3]], [[7]]],
  },
  {
    name: "select",
    op: (x) => views.select(x, { axis: 1, index: -2 }),
    oracle: (x) =>
      reference.reshape(
        reference.slice(x, { axis: 1, start: x.shape[1]! - 2, end: x.shape[1]! - 1 }),
        x.shape.toSpliced(1, 1),
      ),
    shapes: [[[3, 5]], [[2, 4, 4]]],
  },
  {
    name: "split",
    op(x) {
      const [a, b, c] = views.split(x, { axis: -1, size: 3 });
      using left = a!, middle = b!, right = c!;
      using product = mul(left, middle);
      return add(product, right);
    },
    oracle(x) {
      const [a, b, c] = reference.split(x, { axis: -1, sizes: [3, 3, 1] });
      return reference.add(reference.mul(a!, b!), c!);
    },
    shapes: [[[2, 7]], [[7]]],
  },
  {
    name: "concat",
    op: (...parts) => concat(parts),
    oracle: (...parts) => reference.concat(parts, { axis: 0 }),
    shapes: [[[2, 4], [3, 4]], [[3], [1], [4]], [[0, 3], [2, 3]]],
  },
  {
    name: "concat along the last axis",
    op: (...parts) => concat(parts, { axis: -1 }),
    oracle: (...parts) => reference.concat(parts, { axis: -1 }),
    shapes: [[[3, 2], [3, 5]], [[2, 3, 4], [2, 3, 8]]],
  },
  {
    name: "stack",
    op: (...parts) => stack(parts),
    oracle: (...parts) => reference.stack(parts, { axis: 0 }),
    shapes: [[[2, 3], [2, 3], [2, 3]], [[], []]],
  },
  {
    name: "stack along the last axis",
    op: (...parts) => stack(parts, { axis: -1 }),
    oracle: (...parts) => reference.stack(parts, { axis: -1 }),
    shapes: [[[3, 4], [3, 4]], [[5], [5]]],
  },
];
