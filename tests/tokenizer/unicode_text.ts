/** Texts for tests: hard cases by hand, and seeded random ones over all of Unicode. */

/** Texts that tokenizers have been seen to get wrong. */
export const HARD_TEXTS: readonly string[] = [
  "",
  " ",
  "a",
  "Hello, world! It's 3 o'clock; I'll we've they're don't I'd I'm 'tis ''s 'S 'LL x'",
  "  two  spaces   three\tand\ttabs \t mixed ",
  "line\nline\r\nline\r\r\n\n\n  indented\n    more\n",
  "trailing spaces   ",
  "   leading",
  "no\u00a0break\u2003em\u3000ideographic\u1680ogham\u2028line\u2029paragraph",
  "next\u0085line \u0085 \ufeffbyte order\ufeff mark\u200bzero\u180ewidth",
  "\ufeffat the start",
  "control \u0000\u0001\u001b[31m\u007f characters \u001c\u001d\u001e\u001f",
  "numbers 1234567890 ٠١٢٣ ①②③ Ⅷ ½ x² 10⁻³²",
  "naïve café Zoë — “quoted” ‘single’ … ¿qué?",
  "e\u0301 o\u0308 combining\u0301\u0302 marks",
  "Ελληνικά Русский עברית العربية हिन्दी বাংলা தமிழ் ไทย ລາວ မြန်မာ ខ្មែរ አማርኛ ქართული Հայերեն",
  "中文字符，标点。日本語のテキスト、カタカナ 한국어 텍스트 ㄅㄆㄇ ꦗꦮ ᏣᎳᎩ ᓀᐦᐃᔭᐍᐏᐣ",
  "𝕳𝖊𝖑𝖑𝖔 𐍈 𠜎𠜱 𒀀𒁀 𝟘𝟙𝟚 🄰",
  "👍 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇫🇷🇩🇪 ❤️ ☃︎ 🧑🏿‍🚀",
  "lone \ud800 surrogates \udc00 \ud83d\ud83d\ude00 \ude00\ud83d",
  "\udfff\ud800",
  "code: if (x<=10&&y!=='a') {return x**2;} // #!/bin/sh $PATH @user %d\\n",
  "https://example.org/a_b-c?d=e&f=%20#g user@example.org",
  "snake_case camelCase SCREAMING_CASE kebab-case 1st2nd3rd",
  "a".repeat(3000),
  " ".repeat(3000),
  "\n".repeat(1000) + "x",
  "ab".repeat(1500),
  "=-".repeat(700) + "=".repeat(700),
  "日".repeat(900),
  "👍".repeat(500),
  "1".repeat(999),
];

/** A small generator of random numbers (mulberry32), so that a failing text can be made again. */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const COMMON = "   \n\t\r'sdmtlvre.,!?-_0123 ETAOINetaoin\u00a0\u0085\ufeffé👍日";

/**
 * A random text: characters of English, of one corner of Unicode, and of all of it, lone surrogates
 * included.
 */
export function randomText(random: (below: number) => number): string {
  const characters = [...COMMON];
  const length = 1 + random(60);
  const script = random(0x2000);
  let text = "";
  while (text.length < length) {
    const kind = random(8);
    if (kind < 5) text += characters[random(characters.length)]!;
    else if (kind === 5) text += String.fromCharCode(script + random(64));
    else if (kind === 6) text += String.fromCharCode(random(0x10000));
    else text += String.fromCodePoint(0x10000 + random(0x10ffff - 0x10000));
  }
  return text;
}
