/**
 * A hash table from pairs of token ids to integers. A `Map` would need a string, or a number too
 * great for V8's small integers, as its key: several times slower and larger.
 *
 * @module
 */

const SLOT = 3; // left, right, value

/** A map from pairs of integers, 0 or greater, to integers, 0 or greater. */
export class PairTable {
  /** Slots of left, right and value; a left of -1 marks a free slot. */
  #slots: Int32Array;
  #mask: number;
  #size = 0;

  /** Makes an empty table, with room for about `expected` pairs before it must grow. */
  constructor(expected: number = 16) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(expected, 8) * 2));
    this.#slots = new Int32Array(capacity * SLOT).fill(-1);
    this.#mask = capacity - 1;
  }

  /** A table on the array of another, as `slots` gives it; not copied. */
  static from(slots: Int32Array, size: number): PairTable {
    const table = new PairTable(0);
    table.#slots = slots;
    table.#mask = slots.length / SLOT - 1;
    table.#size = size;
    return table;
  }

  /** The array that the table stands on. */
  get slots(): Int32Array {
    return this.#slots;
  }

  /** How many pairs there are. */
  get size(): number {
    return this.#size;
  }

  /** The value of a pair, or -1. */
  get(left: number, right: number): number {
    return this.#slots[this.#find(left, right) + 2]!;
  }

  /** Sets the value of a pair. */
  set(left: number, right: number, value: number): void {
    if (this.#size * 2 > this.#mask) this.#grow();
    const slot = this.#find(left, right);
    if (this.#slots[slot] === -1) this.#size++;
    this.#slots[slot] = left;
    this.#slots[slot + 1] = right;
    this.#slots[slot + 2] = value;
  }

  /** The slot of a pair, or the free slot where it would go. */
  #find(left: number, right: number): number {
    const slots = this.#slots;
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let index = hash & this.#mask;; index = (index + 1) & this.#mask) {
      const slot = index * SLOT;
      if (slots[slot] === -1 || (slots[slot] === left && slots[slot + 1] === right)) return slot;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2).fill(-1);
    this.#mask = this.#mask * 2 + 1;
    for (let slot = 0; slot < old.length; slot += SLOT) {
      if (old[slot] !== -1) {
        this.#slots.set(old.subarray(slot, slot + SLOT), this.#find(old[slot]!, old[slot + 1]!));
      }
    }
  }
}
