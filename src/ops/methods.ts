/**
 * Puts the ops on tensors as methods. Importing this file is what gives tensors their methods.
 *
 * @module
 */

import { backward } from "../autograd.ts";
import { Tensor } from "../tensor.ts";
import type { TensorMethods } from "../tensor_methods.ts";
import * as activations from "./activations.ts";
import * as arithmetic from "./arithmetic.ts";
import * as comparisons from "./comparisons.ts";
import { matmul } from "./matmul.ts";
import * as reductions from "./reductions.ts";
import { logSoftmax, softmax } from "./softmax.ts";
import * as views from "./views.ts";

/** Functions whose first argument becomes `this` */
const OPS = {
  backward,
  ...pick(arithmetic, [
    "add",
    "sub",
    "mul",
    "div",
    "pow",
    "maximum",
    "minimum",
    "clamp",
    "neg",
    "exp",
    "log",
    "sqrt",
    "rsqrt",
    "square",
    "abs",
    "sin",
    "cos",
  ]),
  ...pick(activations, ["tanh", "sigmoid", "relu", "silu", "gelu"]),
  ...pick(comparisons, [
    "equal",
    "notEqual",
    "less",
    "lessEqual",
    "greater",
    "greaterEqual",
    "maskedFill",
    "to",
  ]),
  ...pick(reductions, [
    "sum",
    "mean",
    "max",
    "min",
    "argmax",
    "argmin",
    "variance",
    "cumsum",
    "logsumexp",
    "norm",
  ]),
  softmax,
  logSoftmax,
  matmul,
  ...pick(views, [
    "reshape",
    "contiguous",
    "flatten",
    "permute",
    "transpose",
    "expand",
    "squeeze",
    "unsqueeze",
    "slice",
    "select",
    "split",
  ]),
} satisfies { [Name in keyof TensorMethods]: Op<TensorMethods[Name]> };

/** The function behind a method */
type Op<Method> = Method extends (...args: infer Args) => infer Result
  ? (x: Tensor, ...args: Args) => Result
  : never;

function pick<Module, Name extends keyof Module>(
  module: Module,
  names: readonly Name[],
): Pick<Module, Name> {
  return Object.fromEntries(names.map((name) => [name, module[name]])) as Pick<Module, Name>;
}

for (const [name, op] of Object.entries(OPS)) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...args: unknown[]) {
      return (op as (x: Tensor, ...rest: unknown[]) => unknown)(this, ...args);
    },
  });
}
