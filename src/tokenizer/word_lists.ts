/**
 * Lists of words, one for each pair: chains through two arrays, whose places are used again once a
 * list is done with. Arrays of their own for a million pairs would take many times the memory.
 *
 * @module
 */

const NONE = -1;

/** Numbered lists of numbered words. */
export class WordLists {
  #word: Int32Array;
  #next: Int32Array;
  #used = 0;
  #free = NONE;
  readonly #first: number[] = [];

  /** Makes no lists, with room for `expected` words in all. */
  constructor(expected: number) {
    this.#word = new Int32Array(Math.max(expected, 16));
    this.#next = new Int32Array(this.#word.length);
  }

  /** Adds an empty list, numbered after the last. */
  addList(): void {
    this.#first.push(NONE);
  }

  /** Puts a word on a list, unless it is the one that was put there last. */
  add(list: number, word: number): void {
    const first = this.#first[list]!;
    if (first !== NONE && this.#word[first] === word) return;
    let place = this.#free;
    if (place !== NONE) this.#free = this.#next[place]!;
    else {
      place = this.#used++;
      if (place === this.#word.length) this.#grow();
    }
    this.#word[place] = word;
    this.#next[place] = first;
    this.#first[list] = place;
  }

  /** Takes all words off a list and hands them to `take`, which may put words on other lists. */
  drain(list: number, take: (word: number) => void): void {
    let place = this.#first[list]!;
    this.#first[list] = NONE;
    while (place !== NONE) {
      const next = this.#next[place]!;
      const word = this.#word[place]!;
      this.#next[place] = this.#free;
      this.#free = place;
      take(word);
      place = next;
    }
  }

  #grow(): void {
    const length = Math.ceil(this.#word.length * 1.5);
    const [word, next] = [new Int32Array(length), new Int32Array(length)];
    word.set(this.#word);
    next.set(this.#next);
    [this.#word, this.#next] = [word, next];
  }
}
