/**
 * What optimizers have in common: parameter groups, gradients to clear, and state that lives on the
 * device beside each parameter.
 *
 * An optimizer moves its parameters side by side in memory, and gives their gradients and its state
 * places of the same layout: a step is then one kernel, however many parameters and groups there
 * are.
 *
 * @module
 */

import type { Kernel } from "../../kernels/kernel.ts";
import { HYPER_SIZE, type OptimizerPart } from "../../kernels/optimizers.ts";
import { launch } from "../launch/launch.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { GradientHome } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { Arena, gather, runs } from "./arena.ts";

/** Parameters that share options */
export type ParameterGroup<Options> = Partial<Options> & { readonly params: readonly Tensor[] };

/** All parameters with one set of options, or several groups */
export type Parameters<Options> = readonly Tensor[] | readonly ParameterGroup<Options>[];

/** What an optimizer must remember between runs */
export interface OptimizerState {
  /** Number of steps taken */
  step: number;
  /** Tensors by parameter number and name, such as `0.exp_avg` */
  tensors: Record<string, Tensor>;
}

/** A parameter with the tensors that its optimizer keeps */
export interface ParameterSlot {
  /** The parameter */
  readonly parameter: Tensor;
  /** The tensors, in the order of their names */
  readonly state: readonly Tensor[];
  /**
   * Where the parameter's gradient is to be
   *
   * @internal
   */
  readonly home: GradientHome | undefined;
}

/** A group as an optimizer keeps it */
export interface OptimizerGroup<Options> {
  /** May be changed between steps */
  readonly options: Options;
  /** The parameters */
  readonly slots: readonly ParameterSlot[];
}

/** How a step treats gradients */
export interface StepOptions {
  /**
   * Factor for all gradients, one f32 on the device, such as that of clipping. 0 leaves parameters
   * and state as they are, weight decay included
   */
  gradientScale?: Tensor;
}

/** Base of {@link AdamW} and {@link SGD} */
export abstract class Optimizer<Options extends { lr: number }> {
  /** Groups of parameters; their options may be changed between steps */
  readonly groups: readonly OptimizerGroup<Options>[];
  readonly #stateNames: readonly string[];
  readonly #one: Tensor;
  /** What kernels read: a row of numbers of the current step for each group */
  readonly #hyper: Tensor;
  readonly #gradients: Arena;
  #step = 0;
  #isDisposed = false;

  /** `stateNames` name the tensors kept per parameter */
  constructor(
    params: Parameters<Options>,
    defaults: Options,
    stateNames: readonly string[],
  ) {
    const given = params[0] instanceof Tensor
      ? [{ params: params as readonly Tensor[] } as ParameterGroup<Options>]
      : params as readonly ParameterGroup<Options>[];
    const all = given.flatMap((group) => group.params);
    if (all.length === 0) throw new TypeError("Cannot optimize: no parameters were given");
    if (new Set(all).size !== all.length) {
      throw new TypeError("Cannot optimize: a parameter was given twice");
    }
    const { device } = all[0]!;
    this.#stateNames = stateNames;
    gather(device, all);
    const outside = <T>(make: () => T): T => device.scopes.outside(make);
    this.#one = outside(() => device.ones([1]));
    this.#hyper = outside(() => device.zeros([given.length, HYPER_SIZE]));
    const gradients = this.#gradients = outside(() => new Arena(device, all));
    const states = stateNames.map(() => outside(() => new Arena(device, all)));
    const slots = all.map((parameter, index): ParameterSlot => ({
      parameter,
      state: states.map((arena) => outside(() => arena.tensor(index, parameter))),
      home: parameter.gradientHome = gradients.home(index),
    }));
    for (const arena of states) arena.dispose();
    this.groups = given.map(({ params, ...options }) => ({
      options: { ...defaults, ...options },
      slots: slots.splice(0, params.length),
    }));
  }

  /** Number of steps taken */
  get stepCount(): number {
    return this.#step;
  }

  /** The learning rate of the first group */
  get lr(): number {
    return this.groups[0]!.options.lr;
  }

  /** Sets the learning rate of all groups */
  set lr(value: number) {
    for (const group of this.groups) group.options.lr = value;
  }

  /** Frees all gradients, so that the next `backward()` starts from none */
  zeroGrad(): void {
    for (const { parameter } of this.#slots()) {
      parameter.grad?.dispose();
      parameter.grad = undefined;
    }
  }

  /** Changes every parameter that has a gradient, in place */
  step(options: StepOptions = {}): void {
    this.begin();
    this.apply(options);
  }

  /**
   * The first half of {@link step}: counts it and writes its learning rate and other numbers to the
   * device. Call it before every run of a captured graph that contains {@link apply}.
   */
  begin(): void {
    this.#step++;
    const numbers = new Float32Array(this.#hyper.size);
    for (const [row, { options }] of this.groups.entries()) {
      numbers.set(this.hyperparameters(options, this.#step), row * HYPER_SIZE);
    }
    this.#hyper.write(numbers);
  }

  /**
   * The second half of {@link step}: runs the kernels
   *
   * @throws {TypeError} if a gradient that was assigned does not fit its parameter
   */
  apply(options: StepOptions = {}): void {
    const scale = options.gradientScale ?? this.#one;
    const groupOf = new Map<readonly Tensor[], number>();
    for (const [group, { slots }] of this.groups.entries()) {
      for (const { parameter, state } of slots) {
        if (parameter.grad) groupOf.set([gradientOf(parameter), parameter, ...state], group);
      }
    }
    runs([...groupOf.keys()], ([gradient, ...targets], starts) => {
      const parts: OptimizerPart[] = [];
      for (const [tensors, start] of starts) {
        const row = groupOf.get(tensors)!;
        if (parts.at(-1)?.row !== row) parts.push({ start, row });
      }
      launch(this.kernel(gradient!.size, parts), [gradient!, this.#hyper, scale], targets);
    });
  }

  /** What the kernel reads for this step, at most {@link HYPER_SIZE} numbers */
  protected abstract hyperparameters(options: Options, step: number): number[];

  /**
   * The kernel for one parameter or several side by side. Bindings: gradient, what
   * {@link hyperparameters} gave for each group, factor for the gradient, parameter, state
   *
   * @internal
   */
  protected abstract kernel(count: number, parts: readonly OptimizerPart[]): Kernel;

  /** Step count and live state tensors */
  stateDict(): OptimizerState {
    const entries = this.#slots().flatMap(({ state }, i) =>
      state.map((tensor, k) => [`${i}.${this.#stateNames[k]}`, tensor] as const)
    );
    return { step: this.#step, tensors: Object.fromEntries(entries) };
  }

  /**
   * Restores what {@link stateDict} gave, or the same as plain arrays.
   *
   * @throws {TypeError} if a tensor is missing or has another shape
   */
  loadStateDict(
    state: {
      step: number;
      tensors: Record<string, { shape: readonly number[]; data: ArrayLike<number> }>;
    },
  ): void {
    const own = Object.entries(this.stateDict().tensors);
    for (const [name, tensor] of own) {
      const found = state.tensors[name];
      if (!found || found.data.length !== tensor.size) {
        throw new TypeError(
          `Cannot load optimizer state ${name}: needs shape ${formatShape(tensor.shape)}, got ${
            found ? formatShape(found.shape) : "nothing"
          }`,
        );
      }
    }
    for (const [name, tensor] of own) tensor.write(state.tensors[name]!.data);
    this.#step = state.step;
  }

  /** Frees the optimizer's own tensors, not the parameters and their gradients */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#one.dispose();
    this.#hyper.dispose();
    for (const { parameter, home, state } of this.#slots()) {
      // A newer optimizer may have given the gradient another place.
      if (parameter.gradientHome === home) parameter.gradientHome = undefined;
      for (const tensor of state) tensor.dispose();
    }
    this.#gradients.dispose();
  }

  /** Lets `using` free the optimizer */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #slots(): ParameterSlot[] {
    return this.groups.flatMap((group) => group.slots);
  }
}

/** A parameter's gradient, which the kernels read row by row */
function gradientOf({ grad, shape }: Tensor): Tensor {
  const gradient = grad!;
  if (
    gradient.dtype !== "f32" || !sameShape(gradient.shape, shape) || !gradient.isContiguous ||
    gradient.offset > 0
  ) {
    throw new TypeError(
      `Cannot optimize with a gradient ${gradient}: needs f32 of shape ${formatShape(shape)} in ` +
        "row-major memory of its own",
    );
  }
  return gradient;
}
