/**
 * Token ids one after another out of arrays that arrive over time.
 *
 * @module
 */

/**
 * What an async generator that yields every id of every array would be, in half the time: an id that
 * is there already is handed out without waiting for anything.
 */
export class IdStream implements AsyncGenerator<number> {
  readonly #arrays: AsyncGenerator<Int32Array>;
  #ids: Int32Array = new Int32Array(0);
  #at = 0;
  /** The next array, while it is waited for. */
  #coming: Promise<unknown> | undefined;

  /** Takes the arrays. */
  constructor(arrays: AsyncGenerator<Int32Array>) {
    this.#arrays = arrays;
  }

  /** The next id. */
  next(): Promise<IteratorResult<number>> {
    if (this.#coming !== undefined) return this.#coming.then(() => this.next());
    if (this.#at < this.#ids.length) {
      return Promise.resolve({ value: this.#ids[this.#at++]!, done: false });
    }
    const coming = this.#advance();
    this.#coming = coming.then(() => {}, () => {});
    return coming;
  }

  /** Ends the stream early. */
  async return(): Promise<IteratorResult<number>> {
    this.#ids = new Int32Array(0);
    await this.#arrays.return(undefined);
    return { value: undefined, done: true };
  }

  /** Ends the stream early with an error. */
  async throw(error: unknown): Promise<IteratorResult<number>> {
    await this.return();
    throw error;
  }

  /** The stream itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the stream. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #advance(): Promise<IteratorResult<number>> {
    try {
      while (true) {
        const { value, done } = await this.#arrays.next();
        if (done) return { value: undefined, done: true };
        if (value.length === 0) continue;
        this.#ids = value;
        this.#at = 1;
        return { value: value[0]!, done: false };
      }
    } finally {
      this.#coming = undefined;
    }
  }
}
