/**
 * What all layers have in common: named parameters, state dictionaries and disposal.
 *
 * @module
 */

import { copyInto } from "../launch/place.ts";
import { formatShape, sameShape, sizeOf } from "../shape.ts";
import { Tensor } from "../tensor.ts";

/** What a module is made of, by state-dictionary name */
export type Members = Readonly<Record<string, Module | readonly Module[] | Tensor | undefined>>;

/** Values of one parameter outside a device, as `readSafetensors` gives them */
export interface ParameterValues {
  /** Sizes along each axis */
  readonly shape: readonly number[];
  /** Elements in row-major order */
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** Parameters by name */
export type StateDict =
  | Readonly<Record<string, Tensor | ParameterValues>>
  | ReadonlyMap<string, Tensor | ParameterValues>;

/** A layer or model with parameters */
export abstract class Module {
  /** Whether layers such as dropout are active */
  training = false;

  /** The module's parts, in order, by their names in the state dictionary */
  protected abstract members(): Members;

  /** Parameters with their names in the state dictionary, each once */
  *namedParameters(prefix = ""): Generator<[name: string, parameter: Tensor]> {
    for (const [name, member] of Object.entries(this.members())) {
      if (member instanceof Tensor) yield [prefix + name, member];
      else if (member instanceof Module) yield* member.namedParameters(`${prefix}${name}.`);
      else if (member) {
        for (const [i, part] of member.entries()) {
          yield* part.namedParameters(`${prefix}${name}.${i}.`);
        }
      }
    }
  }

  /** All parameters, in the order of {@link namedParameters} */
  parameters(): Tensor[] {
    return [...this.namedParameters()].map(([, parameter]) => parameter);
  }

  /** Number of trainable numbers */
  get parameterCount(): number {
    return this.parameters().reduce((count, parameter) => count + parameter.size, 0);
  }

  /** The live parameters by name */
  stateDict(): Record<string, Tensor> {
    return Object.fromEntries(this.namedParameters());
  }

  /**
   * Copies values into the parameters.
   *
   * @param options.strict Whether names must match exactly (the default); otherwise what does not
   * match is left alone
   * @throws {TypeError} if names or shapes do not match; nothing has been copied then
   */
  loadStateDict(dict: StateDict, options: { strict?: boolean } = {}): void {
    const { strict = true } = options;
    const given = new Map(dict instanceof Map ? dict : Object.entries(dict)) as Map<
      string,
      Tensor | ParameterValues
    >;
    const own = this.stateDict();
    const missing = Object.keys(own).filter((name) => !given.has(name));
    const unknown = [...given.keys()].filter((name) => !(name in own));
    if (strict && missing.length + unknown.length > 0) {
      throw new TypeError(
        `Cannot load the state dictionary: ${list("missing", missing)}${
          missing.length > 0 && unknown.length > 0 ? "; " : ""
        }${list("unknown", unknown)}`,
      );
    }
    const pairs = Object.entries(own).flatMap(([name, parameter]) => {
      const values = given.get(name);
      if (!values) return [];
      if (!sameShape(values.shape, parameter.shape)) {
        throw new TypeError(
          `Cannot load ${name}: needs shape ${formatShape(parameter.shape)}, got ${
            formatShape(values.shape)
          }`,
        );
      }
      if (!(values instanceof Tensor) && values.data.length !== sizeOf(values.shape)) {
        throw new TypeError(
          `Cannot load ${name}: shape ${formatShape(values.shape)} needs ${
            sizeOf(values.shape)
          } values, got ${values.data.length}`,
        );
      }
      return [[parameter, values] as const];
    });
    for (const [parameter, values] of pairs) {
      if (values instanceof Tensor) copyInto(values, parameter);
      else parameter.write(Float32Array.from(values.data, Number));
    }
  }

  /** Switches layers such as dropout on (`true`) or off, here and in all parts */
  train(mode = true): this {
    this.training = mode;
    for (const member of Object.values(this.members())) {
      if (member instanceof Module) member.train(mode);
      else if (member && !(member instanceof Tensor)) member.forEach((part) => part.train(mode));
    }
    return this;
  }

  /** Switches layers such as dropout off */
  eval(): this {
    return this.train(false);
  }

  /** Frees all parameters and their gradients */
  dispose(): void {
    for (const parameter of this.parameters()) parameter.dispose();
  }

  /** Lets `using` free the module */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function list(what: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const shown = names.slice(0, 5).join(", ");
  return `${what} ${shown}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`;
}
