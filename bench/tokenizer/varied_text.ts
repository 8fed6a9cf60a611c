/**
 * Varied English for benchmarks: documents of made-up but English-looking words over a Zipfian
 * vocabulary, with capitals, numbers, punctuation, contractions and now and then other scripts, so
 * that a cache of words meets as many different ones as real text has. Repeated Shakespeare, with
 * its 26,000 different words, would flatter every tokenizer with a cache.
 */

import { Random } from "../../src/random.ts";
import { COMMON_WORDS } from "./common_words.ts";

const ONSETS =
  "b bl br c ch cl cr d dr f fl fr g gl gr h j k kn l m n p ph pl pr qu r s sc sh sk sl sm sn sp st str sw t th tr tw v w wh wr y z"
    .split(" ");
const VOWELS = "a a a e e e i i o o u ai ea ee ie oa oo ou ay ow au".split(" ");
const CODAS = "b ck d f g l ll m n n n nd ng nt p r r rd rk rm rn rt s s ss st sh t t tch ve x"
  .split(" ");
const SUFFIXES =
  "s s s ed ed ing ing er ers ly ness ment tion able al ful less ist ism ity ous ive ize y".split(
    " ",
  );
const PREFIXES = "un re in dis over pre sub inter non counter".split(" ");
const FOREIGN = [
  "naïve",
  "café",
  "Zürich",
  "São Paulo",
  "Łódź",
  "Москва",
  "Αθήνα",
  "東京",
  "北京",
  "서울",
  "दिल्ली",
  "القاهرة",
  "👍",
  "👩‍🚀",
  "🎉🎉",
];
const LONGER_WORDS = COMMON_WORDS.filter((word) => /^[a-z]{3,}$/.test(word));
/** From about this rank on words get rare faster. */
const KNEE = 3_000;

/** Options of {@linkcode variedText}. */
export interface VariedTextOptions {
  readonly seed?: number;
  /** Ends with the document that reaches so many characters. */
  readonly characters: number;
  /** Different words that are not among the common ones. Default 300,000. */
  readonly rareWords?: number;
}

/** Documents, one after another. */
export function* variedText(options: VariedTextOptions): Generator<string> {
  const { seed = 1, characters, rareWords = 300_000 } = options;
  const random = new Random(seed);
  const writer = new Writer(random, vocabulary(random, rareWords));
  for (let written = 0; written < characters;) {
    const document = writer.document();
    written += document.length;
    yield document;
  }
}

/** Common words first, then rare ones, the shorter ones mostly before the longer. */
function vocabulary(random: Random, rareWords: number): string[] {
  const words = new Set(COMMON_WORDS);
  const pick = (list: readonly string[]) => list[random.integer(list.length)]!;
  const stems: string[] = [];
  while (stems.length < rareWords / 6) {
    let stem = "";
    const syllables = 1 + random.integer(3);
    for (let i = 0; i < syllables; i++) stem += pick(ONSETS) + pick(VOWELS);
    stems.push(stem + (random.integer(4) > 0 ? pick(CODAS) : ""));
  }
  while (words.size < COMMON_WORDS.length + rareWords) {
    // Stems that were made early stay in use, so that endings are learned as in English.
    const reach = Math.min(stems.length, 50 + Math.ceil(words.size / 5));
    const isFamiliar = random.integer(3) > 0; // "watering", "housetable" beside "skeplat"
    let word = isFamiliar ? pick(LONGER_WORDS) : stems[random.integer(reach)]!;
    if (isFamiliar && random.integer(3) === 0) word += pick(LONGER_WORDS);
    if (random.integer(8) === 0) word = pick(PREFIXES) + word;
    if (random.integer(3) > 0) word += pick(SUFFIXES);
    if (random.integer(40) === 0) word += "-" + pick(stems);
    if (random.integer(6) === 0) word = capitalised(word);
    words.add(word);
  }
  return [...words];
}

class Writer {
  readonly #random: Random;
  readonly #words: readonly string[];
  /** Sums of frequencies: Zipf's law, steeper for rare words, as found in large corpora. */
  readonly #cumulative: Float64Array;

  constructor(random: Random, words: readonly string[]) {
    this.#random = random;
    this.#words = words;
    let sum = 0;
    this.#cumulative = Float64Array.from(
      words,
      (_, rank) => sum += 1 / ((rank + 3) * (1 + rank / KNEE)),
    );
  }

  document(): string {
    const paragraphs = 1 + this.#random.integer(8);
    let text = "";
    for (let i = 0; i < paragraphs; i++) {
      if (this.#random.integer(10) === 0) text += capitalised(this.#word()) + ":\n\n";
      const sentences = 2 + this.#random.integer(8);
      for (let j = 0; j < sentences; j++) text += (j > 0 ? " " : "") + this.#sentence();
      text += this.#random.integer(5) === 0 ? "\n" : "\n\n";
    }
    return text;
  }

  #sentence(): string {
    const length = 4 + this.#random.integer(22);
    let text = capitalised(this.#word());
    for (let i = 1; i < length; i++) {
      const kind = this.#random.integer(200);
      if (kind < 14) text += ",";
      else if (kind < 16) text += ";";
      else if (kind < 18) text += " —";
      text += " ";
      if (kind < 175) text += this.#word();
      else if (kind < 180) text += this.#word() + ["'s", "'t", "'ll", "’s"][kind % 4];
      else if (kind < 186) text += this.#number();
      else if (kind < 190) text += `"${this.#word()} ${this.#word()}"`;
      else if (kind < 193) text += `(${this.#word()})`;
      else if (kind < 194) text += FOREIGN[this.#random.integer(FOREIGN.length)]!;
      else text += capitalised(this.#word()) + " " + capitalised(this.#word());
    }
    return text + ".....??!"[this.#random.integer(8)]!;
  }

  #number(): string {
    const kind = this.#random.integer(4);
    if (kind === 0) return String(1700 + this.#random.integer(330));
    if (kind === 1) return (this.#random.integer(100_000) / 100).toFixed(2);
    if (kind === 2) return `$${this.#random.integer(900)},${100 + this.#random.integer(900)}`;
    return String(this.#random.integer(100));
  }

  #word(): string {
    const cumulative = this.#cumulative;
    const at = this.#random.uniform() * cumulative[cumulative.length - 1]!;
    let [low, high] = [0, cumulative.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return this.#words[low]!;
  }
}

function capitalised(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}
