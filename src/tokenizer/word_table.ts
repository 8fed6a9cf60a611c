/**
 * A hash table of words as bytes: numbers them in the order in which they are first met. A `Map`
 * would need each word as a string, which costs several times as much as everything else that is
 * done with it.
 *
 * @module
 */

const SLOT = 2; // hash, index

/** Words, each with its index: 0 for the first, 1 for the next … */
export class WordTable {
  /** Slots of hash and index; an index of -1 marks a free slot. */
  #slots: Int32Array;
  #mask: number;
  #size = 0;
  /** The words' bytes, one after another, and where each begins. */
  #bytes: Uint8Array;
  #starts: Int32Array;

  /** Makes an empty table, with room for `expected` words before it must grow. */
  constructor(expected: number = 1 << 10) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(expected, 8) * 2));
    this.#slots = new Int32Array(capacity * SLOT).fill(-1);
    this.#mask = capacity - 1;
    this.#bytes = new Uint8Array(expected * 8);
    this.#starts = new Int32Array(expected + 1);
  }

  /** How many words there are. */
  get size(): number {
    return this.#size;
  }

  /** The index of the word `bytes[start…end - 1]`, or -1 if it is not in the table. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.#slots[this.#locate(hashOf(bytes, start, end), bytes, start, end) + 1]!;
  }

  /** The same, but a new word is added: its index is the table's size before. */
  indexOf(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end);
    const slot = this.#locate(hash, bytes, start, end);
    const index = this.#slots[slot + 1]!;
    return index !== -1 ? index : this.#add(slot, hash, bytes, start, end);
  }

  /** Forgets all words. */
  clear(): void {
    this.#slots.fill(-1);
    this.#size = 0;
  }

  /** The words: their bytes one after another, and where each begins, with the end of the last. */
  contents(): { bytes: Uint8Array; starts: Int32Array } {
    const starts = this.#starts.subarray(0, this.#size + 1);
    return { bytes: this.#bytes.subarray(0, starts[this.#size]), starts };
  }

  /** The slot of a word, or the free slot where it would go. */
  #locate(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let at = hash & mask;; at = (at + 1) & mask) {
      const slot = at * SLOT;
      const index = slots[slot + 1]!;
      if (index === -1 || (slots[slot] === hash && this.#holds(index, bytes, start, end))) {
        return slot;
      }
    }
  }

  #holds(index: number, bytes: Uint8Array, start: number, end: number): boolean {
    let at = this.#starts[index]!;
    if (this.#starts[index + 1]! - at !== end - start) return false;
    const own = this.#bytes;
    for (let i = start; i < end; i++) if (own[at++] !== bytes[i]) return false;
    return true;
  }

  #add(slot: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const index = this.#size++;
    const ownStart = this.#starts[index]!;
    const ownEnd = ownStart + end - start;
    if (index + 2 > this.#starts.length) this.#starts = grown(this.#starts, index + 2);
    if (ownEnd > this.#bytes.length) this.#bytes = grown(this.#bytes, ownEnd);
    for (let i = start, to = ownStart; i < end; i++) this.#bytes[to++] = bytes[i]!;
    this.#starts[index + 1] = ownEnd;
    this.#slots[slot] = hash;
    this.#slots[slot + 1] = index;
    if (this.#size * 2 > this.#mask) this.#rehash();
    return index;
  }

  #rehash(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2).fill(-1);
    this.#mask = this.#mask * 2 + 1;
    for (let slot = 0; slot < old.length; slot += SLOT) {
      if (old[slot + 1] === -1) continue;
      let at = old[slot]! & this.#mask;
      while (this.#slots[at * SLOT + 1] !== -1) at = (at + 1) & this.#mask;
      this.#slots[at * SLOT] = old[slot]!;
      this.#slots[at * SLOT + 1] = old[slot + 1]!;
    }
  }
}

/** FNV-1a over the bytes (Fowler, Noll and Vo), folded so that its low bits are good ones. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

/** A copy with room for at least `needed` elements, and half as much again. */
function grown<T extends Uint8Array | Int32Array>(array: T, needed: number): T {
  const copy = new (array.constructor as new (length: number) => T)(Math.ceil(needed * 1.5));
  copy.set(array);
  return copy;
}
