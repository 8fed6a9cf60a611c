/**
 * The tokens of a vocabulary, by id and by bytes.
 *
 * @module
 */

import { WordTable } from "./word_table.ts";

/** Tokens by id and by bytes. Ids may have gaps; of ids with the same bytes the first counts. */
export class Vocabulary {
  readonly #bytes: (Uint8Array | undefined)[] = [];
  readonly #table = new WordTable();
  /** The id of each word of the table. */
  readonly #ids: number[] = [];

  /** One more than the greatest id. */
  get size(): number {
    return this.#bytes.length;
  }

  /**
   * Adds a token.
   *
   * @throws {RangeError} If the id is not an integer from 0 to 2³¹ - 1.
   */
  add(id: number, bytes: Uint8Array): void {
    if (!Number.isInteger(id) || id < 0 || id > 0x7fffffff) {
      throw new RangeError(
        `Cannot use ${id} as a token id: needed an integer from 0 to 2147483647`,
      );
    }
    this.#bytes[id] = bytes;
    const index = this.#table.indexOf(bytes, 0, bytes.length);
    if (index === this.#ids.length) this.#ids.push(id);
  }

  /** The id of a token, or -1. */
  idOf(bytes: Uint8Array, length: number = bytes.length): number {
    const index = this.#table.find(bytes, 0, length);
    return index === -1 ? -1 : this.#ids[index]!;
  }

  /** The bytes of a token, or undefined. */
  bytesOf(id: number): Uint8Array | undefined {
    return this.#bytes[id];
  }

  /** All ids that there are, in order. */
  *ids(): Generator<number> {
    for (let id = 0; id < this.#bytes.length; id++) if (this.#bytes[id] !== undefined) yield id;
  }

  /** Every token that can be found by its bytes, in arrays; see `WordTable.contents`. */
  contents(): { bytes: Uint8Array; starts: Int32Array; ids: Int32Array } {
    return { ...this.#table.contents(), ids: Int32Array.from(this.#ids) };
  }
}
