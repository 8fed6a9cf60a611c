/**
 * A hash table of words as bytes: numbers them in the order in which they are first met. A `Map`
 * would need each word as a string, which costs several times as much as everything else that is
 * done with it.
 *
 * Most words have eight bytes or fewer: those stand in the slot itself, as two integers, and one look
 * at the slot tells whether it is theirs.
 *
 * @module
 */

/** A slot: two integers of key, the length of the word, its index. */
const SLOT = 4;
const INDEX = 3;
/** The longest word whose bytes are its key; that of a longer one is a hash. */
const SHORT = 8;

/** Words, each with its index: 0 for the first, 1 for the next … */
export class WordTable {
  /** An index of -1 marks a free slot. */
  #slots: Int32Array;
  #mask: number;
  #size = 0;
  /** The words' bytes, one after another, and where each begins. */
  #bytes: Uint8Array;
  #starts: Int32Array;
  /** The key of the word that was looked for last and not found. */
  #low = 0;
  #high = 0;
  /** The bytes it was looked for in, as integers. */
  #view: DataView<ArrayBufferLike> = new DataView(new ArrayBuffer(0));

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
    return this.#slots[this.#locate(bytes, start, end) + INDEX]!;
  }

  /** The same, but a new word is added: its index is the table's size before. */
  indexOf(bytes: Uint8Array, start: number, end: number): number {
    const slot = this.#locate(bytes, start, end);
    const index = this.#slots[slot + INDEX]!;
    return index !== -1 ? index : this.#add(slot, bytes, start, end);
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

  /** The slot of a word; or the free slot where it would go, and its key is set. */
  #locate(bytes: Uint8Array, start: number, end: number): number {
    if (this.#view.buffer !== bytes.buffer) this.#view = new DataView(bytes.buffer);
    const view = this.#view;
    const at = bytes.byteOffset + start;
    const length = end - start;
    let low = 0;
    let high = 0;
    if (length > SHORT) {
      const last = at + length - 4;
      high = view.getInt32(last, true);
      for (let i = at; i < last; i += 4) {
        low = Math.imul(low ^ view.getInt32(i, true), 0x2c1b3c6d);
        low ^= low >>> 15;
      }
    } else if (at + SHORT <= view.byteLength) {
      // A shift by 32 would be one by 0.
      const mask = -1 >>> ((8 - length & 3) << 3);
      low = view.getInt32(at, true);
      if (length <= 4) low &= mask;
      else high = view.getInt32(at + 4, true) & mask;
    } else {
      for (let i = 0; i < length; i++) {
        if (i < 4) low |= bytes[start + i]! << (i << 3);
        else high |= bytes[start + i]! << ((i - 4) << 3);
      }
    }
    const slots = this.#slots;
    for (let place = hashOf(low, high);; place++) {
      const slot = (place & this.#mask) * SLOT;
      const index = slots[slot + INDEX]!;
      if (index === -1) {
        this.#low = low;
        this.#high = high;
        return slot;
      }
      if (slots[slot] !== low || slots[slot + 1] !== high || slots[slot + 2] !== length) continue;
      if (length <= SHORT || this.#holds(index, bytes, start, end)) return slot;
    }
  }

  /** Whether a word, of the right length, has these bytes. */
  #holds(index: number, bytes: Uint8Array, start: number, end: number): boolean {
    const own = this.#bytes;
    for (let i = start, at = this.#starts[index]!; i < end; i++, at++) {
      if (own[at] !== bytes[i]) return false;
    }
    return true;
  }

  /** Adds the word whose key is set. */
  #add(slot: number, bytes: Uint8Array, start: number, end: number): number {
    const index = this.#size++;
    const ownStart = this.#starts[index]!;
    const ownEnd = ownStart + end - start;
    if (index + 2 > this.#starts.length) this.#starts = grown(this.#starts, index + 2);
    if (ownEnd > this.#bytes.length) this.#bytes = grown(this.#bytes, ownEnd);
    for (let i = start, to = ownStart; i < end; i++) this.#bytes[to++] = bytes[i]!;
    this.#starts[index + 1] = ownEnd;
    const slots = this.#slots;
    slots[slot] = this.#low;
    slots[slot + 1] = this.#high;
    slots[slot + 2] = end - start;
    slots[slot + INDEX] = index;
    if (this.#size * 2 > this.#mask) this.#rehash();
    return index;
  }

  #rehash(): void {
    const old = this.#slots;
    const slots = this.#slots = new Int32Array(old.length * 2).fill(-1);
    this.#mask = this.#mask * 2 + 1;
    for (let from = 0; from < old.length; from += SLOT) {
      if (old[from + INDEX] === -1) continue;
      let at = hashOf(old[from]!, old[from + 1]!) & this.#mask;
      while (slots[at * SLOT + INDEX] !== -1) at = (at + 1) & this.#mask;
      for (let i = 0; i < SLOT; i++) slots[at * SLOT + i] = old[from + i]!;
    }
  }
}

/** Mixes the two halves of a key: every bit of the result depends on many of them. */
function hashOf(low: number, high: number): number {
  let hash = Math.imul(low, 0x9e3779b1) ^ Math.imul(high ^ (low >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

/** A copy with room for at least `needed` elements, and half as much again. */
function grown<T extends Uint8Array | Int32Array>(array: T, needed: number): T {
  const copy = new (array.constructor as new (length: number) => T)(Math.ceil(needed * 1.5));
  copy.set(array);
  return copy;
}
