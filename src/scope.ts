/**
 * Memory scopes: whatever tensor is made while a scope is open belongs to it and is freed with it.
 *
 * @module
 */

import type { Tensor } from "./tensor.ts";

/** The open scopes of one device, innermost last */
export class ScopeStack {
  readonly #scopes: Scope[] = [];
  #suspended = false;

  /** Opens a scope inside the innermost one */
  open(): Scope {
    const scope = new Scope(this, this.innermost);
    this.#scopes.push(scope);
    return scope;
  }

  /** The scope that owns what is made now */
  get innermost(): Scope | undefined {
    return this.#suspended ? undefined : this.#scopes.at(-1);
  }

  /** Runs `make` so that what it makes belongs to no scope */
  outside<T>(make: () => T): T {
    const before = this.#suspended;
    this.#suspended = true;
    try {
      return make();
    } finally {
      this.#suspended = before;
    }
  }

  /** Removes a closed scope */
  remove(scope: Scope): void {
    const at = this.#scopes.lastIndexOf(scope);
    if (at >= 0) this.#scopes.splice(at, 1);
  }
}

/**
 * Frees every tensor made while it was open, except those given to {@link Scope.keep}. Scopes are
 * synchronous: what other code makes during an `await` inside a scope belongs to the scope too.
 *
 * @example Keep one result
 * ```ts
 * import { requestDevice } from "@kindling/lm";
 * import { assertEquals } from "@std/assert";
 *
 * using device = await requestDevice();
 * function double() {
 *   using scope = device.scope();
 *   const ones = device.ones([2]);
 *   return scope.keep(ones.add(ones));
 * }
 * const two = double();
 * assertEquals(await two.nested(), [2, 2]);
 * assertEquals(device.memory().liveTensors, 1);
 * ```
 */
export class Scope {
  readonly #stack: ScopeStack;
  readonly #parent: Scope | undefined;
  readonly #owned = new Set<Tensor>();

  /**
   * Scopes are opened with `device.scope()`
   *
   * @internal
   */
  constructor(stack: ScopeStack, parent: Scope | undefined) {
    this.#stack = stack;
    this.#parent = parent;
  }

  /**
   * Makes this scope the owner of a new tensor
   *
   * @internal
   */
  own(tensor: Tensor): void {
    this.#owned.add(tensor);
  }

  /**
   * Forgets a tensor that was disposed early
   *
   * @internal
   */
  forget(tensor: Tensor): void {
    this.#owned.delete(tensor);
  }

  /**
   * Hands a tensor on to the enclosing scope or, where there is none, to the caller, who then
   * disposes it.
   */
  keep(tensor: Tensor): Tensor {
    if (this.#owned.delete(tensor)) {
      tensor.owner = this.#parent ?? "kept";
      this.#parent?.own(tensor);
    }
    return tensor;
  }

  /** Frees what was made inside; further calls do nothing */
  dispose(): void {
    this.#stack.remove(this);
    for (const tensor of [...this.#owned]) tensor.dispose();
    this.#owned.clear();
  }

  /** Lets `using` close the scope */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
