/**
 * A heap of token pairs, the one to merge next on top: the most frequent, and of equally frequent
 * ones the lexicographically greater pair of byte strings.
 *
 * @module
 */

/** How a heap compares two pairs of the same count: whether `a` is to be merged before `b`. */
export type TieBreak = (a: number, b: number) => boolean;

/** A binary heap of pairs, each with the count it had when it was pushed. */
export class PairHeap {
  readonly #pairs: number[] = [];
  readonly #counts: number[] = [];
  readonly #winsTie: TieBreak;

  /** Takes how to order pairs of the same count. */
  constructor(winsTie: TieBreak) {
    this.#winsTie = winsTie;
  }

  /** How many pairs there are. */
  get size(): number {
    return this.#pairs.length;
  }

  /** The count on top. */
  get topCount(): number {
    return this.#counts[0]!;
  }

  /** Adds a pair. */
  push(pair: number, count: number): void {
    let at = this.#pairs.length;
    this.#pairs.push(pair);
    this.#counts.push(count);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(pair, count, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#pairs[at] = pair;
    this.#counts[at] = count;
  }

  /** Removes the pair on top and returns it. */
  pop(): number {
    const top = this.#pairs[0]!;
    const pair = this.#pairs.pop()!;
    const count = this.#counts.pop()!;
    const size = this.#pairs.length;
    if (size === 0) return top;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      const sibling = child + 1;
      if (sibling < size && this.#before(this.#pairs[sibling]!, this.#counts[sibling]!, child)) {
        child = sibling;
      }
      if (this.#before(pair, count, child)) break;
      this.#move(child, at);
      at = child;
    }
    this.#pairs[at] = pair;
    this.#counts[at] = count;
    return top;
  }

  /** Whether a pair goes before the one that stands at a place in the heap. */
  #before(pair: number, count: number, place: number): boolean {
    const other = this.#counts[place]!;
    return count === other ? this.#winsTie(pair, this.#pairs[place]!) : count > other;
  }

  #move(from: number, to: number): void {
    this.#pairs[to] = this.#pairs[from]!;
    this.#counts[to] = this.#counts[from]!;
  }
}
