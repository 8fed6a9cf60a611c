/** What ops say when shapes, types or options do not fit. */

import { assertThrows } from "@std/assert";
import type { Device } from "../../mod.ts";
import { einsum } from "../../src/ops/einsum.ts";
import { feedForward } from "../../src/ops/feed_forward.ts";
import { embedding, gather, oneHot, scatterAdd, tril } from "../../src/ops/indexing.ts";
import { concat, stack } from "../../src/ops/joining.ts";
import { linear } from "../../src/ops/linear.ts";
import { crossEntropy } from "../../src/ops/losses.ts";
import { layerNorm, rmsNorm } from "../../src/ops/norms.ts";
import { rotaryLinear } from "../../src/ops/rotary.ts";
import type { Tensor } from "../../src/tensor.ts";
import { gpuTest } from "../gpu.ts";

type Failure = [
  attempt: (device: Device) => unknown,
  kind: typeof TypeError | typeof RangeError | typeof SyntaxError,
  message: string,
];

const zeros = (device: Device, ...shape: number[]): Tensor => device.zeros(shape);
const whole = (device: Device, ...shape: number[]): Tensor => device.zeros(shape, { dtype: "i32" });

const FAILURES: Record<string, Failure[]> = {
  broadcasting: [
    [
      (d) => zeros(d, 2, 3).add(zeros(d, 4, 3)),
      TypeError,
      "Cannot add [2, 3] and [4, 3]: sizes must be equal or 1, got 2 and 4 along axis -2",
    ],
    [
      (d) => zeros(d, 2).maskedFill(d.tensor([true, true, false]), 0),
      TypeError,
      "Cannot where [3] and [2]: sizes must be equal or 1, got 3 and 2 along axis -1",
    ],
    [
      (d) => zeros(d, 2).clamp({ low: 1, high: 0 }),
      RangeError,
      "Cannot clamp to [1, 0]: low exceeds high",
    ],
  ],
  linear: [
    [
      (d) => linear(zeros(d, 2, 3), zeros(d, 4, 5)),
      TypeError,
      "Cannot compute linear of x [2, 3] and weight [4, 5]: needs weight [out, 3]",
    ],
    [
      (d) => linear(zeros(d, 2, 3), zeros(d, 4, 3), { residual: zeros(d, 2, 3) }),
      TypeError,
      "Cannot compute linear of x [2, 3] and weight [4, 3]: its residual must have shape [2, 4], got [2, 3]",
    ],
    [
      (d) => linear(whole(d, 2, 3), zeros(d, 4, 3)),
      TypeError,
      "Cannot compute linear of i32: needs f32",
    ],
  ],
  rotaryLinear: [
    [
      (d) => rotaryLinear(zeros(d, 5, 3), zeros(d, 6, 3), { table: zeros(d, 9, 2, 2) }),
      TypeError,
      "Cannot rotate [5, 6]: the table is for heads of size 4",
    ],
    [
      (d) =>
        rotaryLinear(zeros(d, 5, 3), zeros(d, 8, 3), {
          table: zeros(d, 9, 2, 2),
          firstPosition: 5,
        }),
      RangeError,
      "Cannot rotate positions 5 to 9: the table has 9",
    ],
  ],
  feedForward: [
    [
      (d) => {
        const weights = { w1: zeros(d, 5, 3), w2: zeros(d, 3, 5) };
        feedForward(zeros(d, 2, 3), weights, { activation: "swiglu" });
      },
      TypeError,
      "Cannot compute feedForward with swiglu: it needs w3",
    ],
    [
      (d) => {
        const weights = { w1: zeros(d, 5, 3), w2: zeros(d, 3, 4) };
        feedForward(zeros(d, 2, 3), weights, { activation: "relu" });
      },
      TypeError,
      "Cannot compute feedForward with w1 [5, 3], w2 [3, 4]: needs w2 [out, 5]",
    ],
  ],
  matmul: [
    [
      (d) => zeros(d, 2, 3).matmul(zeros(d, 4, 5)),
      TypeError,
      "Cannot multiply [2, 3] by [4, 5]: inner sizes must match, got 3 and 4",
    ],
    [
      (d) => zeros(d, 3).matmul(zeros(d, 4)),
      TypeError,
      "Cannot multiply [3] by [4]: inner sizes must match, got 3 and 4",
    ],
    [
      (d) => zeros(d).matmul(zeros(d, 4)),
      TypeError,
      "Cannot multiply [] by [4]: inner sizes must match, got a scalar and 4",
    ],
    [
      (d) => zeros(d, 2, 3, 4).matmul(zeros(d, 3, 4, 5)),
      TypeError,
      "Cannot multiply [2] and [3]: sizes must be equal or 1, got 2 and 3 along axis -1",
    ],
    [
      (d) => zeros(d, 2, 2).matmul(whole(d, 2, 2)),
      TypeError,
      "Cannot multiply matrices of f32 and i32: needs f32",
    ],
  ],
  reductions: [
    [
      (d) => zeros(d, 2, 3).sum({ axis: 2 }),
      RangeError,
      "Cannot sum along axis 2: a tensor of rank 2 has axes -2 to 1",
    ],
    [
      (d) => zeros(d).softmax(),
      RangeError,
      "Cannot softmax along axis -1: a scalar has no axes",
    ],
    [
      (d) => zeros(d, 2, 3).mean({ axis: [1, -1] }),
      RangeError,
      "Cannot mean along axes [1, -1]: an axis is named twice",
    ],
    [
      (d) => zeros(d, 0, 3).max({ axis: 0 }),
      RangeError,
      "Cannot max over no elements: Tensor f32 [0, 3] is empty along the axes",
    ],
    [
      (d) => whole(d, 3).mean(),
      TypeError,
      "Cannot mean a tensor of i32: needs f32",
    ],
  ],
  views: [
    [
      (d) => zeros(d, 2, 3).reshape([4, -1]),
      TypeError,
      "Cannot reshape [2, 3] to [4, -1]: 6 elements do not fit",
    ],
    [
      (d) => zeros(d, 2, 3).permute([0, 0]),
      TypeError,
      "Cannot permute [2, 3] by [0, 0]: every axis must be named once",
    ],
    [
      (d) => zeros(d, 2, 3).expand([4, 3]),
      TypeError,
      "Cannot expand [2, 3] to [4, 3]: only sizes of 1 grow",
    ],
    [
      (d) => zeros(d, 3).expand([-1, 3]),
      TypeError,
      "Cannot expand [3] to [-1, 3]: only sizes of 1 grow",
    ],
    [
      (d) => zeros(d, 2, 3).squeeze(0),
      TypeError,
      "Cannot squeeze axis 0 of [2, 3]: its size must be 1, got 2",
    ],
    [
      (d) => zeros(d, 2, 3).slice({ step: 0 }),
      RangeError,
      "Cannot slice by steps of 0: needs a whole number from 1",
    ],
    [
      (d) => zeros(d, 2, 3).select({ axis: 1, index: 3 }),
      RangeError,
      "Cannot select index 3 along an axis of size 3: it is out of range",
    ],
    [
      (d) => zeros(d, 5).split({ size: [2, 2] }),
      RangeError,
      "Cannot split an axis of size 5 into [2, 2]: the sizes must add up",
    ],
    [
      (d) => zeros(d, 5).split({ size: 0 }),
      RangeError,
      "Cannot split an axis of size 5 into pieces of 0: needs a whole number from 1",
    ],
  ],
  joining: [
    [() => concat([]), TypeError, "Cannot concat no tensors: needs at least one"],
    [
      (d) => concat([zeros(d, 2, 3), zeros(d, 2, 4)]),
      TypeError,
      "Cannot concat [2, 3] and [2, 4] along axis 0: all other sizes must be equal",
    ],
    [
      (d) => concat([zeros(d, 2), zeros(d, 2, 1)]),
      TypeError,
      "Cannot concat [2] and [2, 1] along axis 0: all other sizes must be equal",
    ],
    [
      (d) => concat([zeros(d, 2), whole(d, 2)]),
      TypeError,
      "Cannot concat tensors of f32 and i32: types must be equal",
    ],
    [
      (d) => stack([zeros(d, 2), zeros(d, 3)]),
      TypeError,
      "Cannot stack [2] and [3]: shapes must be equal",
    ],
  ],
  indexing: [
    [
      (d) => gather(zeros(d, 2, 3), whole(d, 3, 1), { axis: 1 }),
      TypeError,
      "Cannot gather [2, 3] along axis 1 by an index of shape [3, 1]: ranks must be equal and " +
      "the index no larger along the other axes",
    ],
    [
      (d) => gather(zeros(d, 2, 3), zeros(d, 2, 3), { axis: 1 }),
      TypeError,
      "Cannot gather by an index of f32: needs i32",
    ],
    [
      (d) => scatterAdd(zeros(d, 2), whole(d, 3), zeros(d, 4), { axis: 0 }),
      TypeError,
      "Cannot scatterAdd [4] by an index of shape [3]: shapes must be equal",
    ],
    [
      (d) => scatterAdd(zeros(d, 2), whole(d, 3), whole(d, 3), { axis: 0 }),
      TypeError,
      "Cannot scatterAdd i32 to f32: needs both of f32 or both of i32",
    ],
    [
      (d) => embedding(zeros(d, 2), whole(d, 3)),
      TypeError,
      "Cannot look up rows of Tensor f32 [2]: needs a matrix of f32",
    ],
    [
      (d) => embedding(zeros(d, 2, 2), zeros(d, 3)),
      TypeError,
      "Cannot look up rows by ids of f32: needs i32",
    ],
    [
      (d) => oneHot(whole(d, 3), { classes: 1.5 }),
      RangeError,
      "Cannot make one-hot rows of 1.5 classes: needs a whole number from 0",
    ],
    [
      (d) => tril(zeros(d, 3)),
      TypeError,
      "Cannot tril a tensor of shape [3]: needs two axes or more",
    ],
  ],
  einsum: [
    [
      (d) => einsum("ij", zeros(d, 2, 3)),
      SyntaxError,
      'Cannot read the pattern "ij": needs one arrow ->',
    ],
    [
      (d) => einsum("ij,jk->ik", zeros(d, 2, 3)),
      SyntaxError,
      'Cannot read the pattern "ij,jk->ik": it has 2 operands on the left, but 1 were given',
    ],
    [
      (d) => einsum("ii->i", zeros(d, 2, 2)),
      SyntaxError,
      'Cannot read the pattern "ii->i": "ii" names i twice',
    ],
    [
      (d) => einsum("ij->ik", zeros(d, 2, 3)),
      SyntaxError,
      'Cannot read the pattern "ij->ik": no operand has the axis k of the result',
    ],
    [
      (d) => einsum("i.j->ij", zeros(d, 2, 3)),
      SyntaxError,
      'Cannot read the pattern "i.j->ij": "i.j" must be letters, perhaps with one ...',
    ],
    [
      (d) => einsum("ij->i", zeros(d, 2, 3, 4)),
      TypeError,
      'Cannot match "ij" with a tensor of shape [2, 3, 4]: it has 2 letters, or 1 names',
    ],
    [
      (d) => einsum("batch seq -> seq", zeros(d, 2, 3, 4)),
      TypeError,
      'Cannot match "batch seq" with a tensor of shape [2, 3, 4]: it has 2 names',
    ],
    [
      (d) => einsum("ij,jk->ik", zeros(d, 2, 3), zeros(d, 4, 5)),
      TypeError,
      'Cannot match "ij,jk->ik" with [2, 3] and [4, 5]: axis j has size 3 and 4',
    ],
  ],
  "losses and norms": [
    [
      (d) => crossEntropy(zeros(d, 2, 3), whole(d, 3)),
      TypeError,
      "Cannot compute crossEntropy of logits [2, 3] and targets [3]: needs targets [2]",
    ],
    [
      (d) => crossEntropy(zeros(d, 2, 3), zeros(d, 2)),
      TypeError,
      "Cannot compute crossEntropy of f32 logits and f32 targets: needs f32 and i32",
    ],
    [
      (d) => rmsNorm(zeros(d, 2, 3), { weight: zeros(d, 2) }),
      TypeError,
      "Cannot rmsNorm [2, 3]: its weight must have shape [3], got [2]",
    ],
    [
      (d) => layerNorm(zeros(d, 2, 3), { bias: zeros(d, 3) }),
      TypeError,
      "Cannot layerNorm with a bias alone: it needs a weight",
    ],
  ],
};

for (const [family, failures] of Object.entries(FAILURES)) {
  gpuTest(`${family}: errors name the op, what was found and what was needed`, (device) => {
    using _scope = device.scope();
    for (const [attempt, kind, message] of failures) {
      assertThrows(() => attempt(device), kind, message);
    }
  });
}
