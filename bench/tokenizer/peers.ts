/** Other tokenizers with GPT-2's vocabulary, behind one interface. */

import { Tokenizer as HuggingFaceJs } from "npm:@huggingface/tokenizers@0.2.0";
import r50kJson from "npm:tiktoken@1.0.22/encoders/r50k_base.json" with { type: "json" };
import { Tiktoken } from "npm:tiktoken@1.0.22";
import * as gptTokenizer from "npm:gpt-tokenizer@4.0.0/encoding/r50k_base";
import * as huggingFaceRust from "npm:tokenizers@0.23.2";
import { Tokenizer } from "../../src/tokenizer/bpe.ts";

const ranks = r50kJson as unknown as {
  readonly bpe_ranks: string;
  readonly pat_str: string;
  readonly special_tokens: Record<string, number>;
};

/** Our own tokenizer with GPT-2's vocabulary. */
export function gpt2(): Tokenizer {
  return Tokenizer.fromTiktoken(ranks.bpe_ranks, {
    pattern: "gpt2",
    specialTokens: ranks.special_tokens,
  });
}

/** Something that encodes. */
export interface Peer {
  readonly name: string;
  /** Which share of the text it is given: slow ones a part. */
  readonly share: number;
  encode(text: string): ArrayLike<number> | Promise<ArrayLike<number>>;
}

/** The other tokenizers. */
export function peers(): Peer[] {
  const tiktoken = new Tiktoken(ranks.bpe_ranks, ranks.special_tokens, ranks.pat_str);
  const json = gpt2().toJson();
  const rust = huggingFaceRust.Tokenizer.fromString(json);
  const js = new HuggingFaceJs(JSON.parse(json), {});
  return [
    { name: "npm:tiktoken (WASM)", share: 1, encode: (text) => tiktoken.encode(text) },
    {
      name: "npm:gpt-tokenizer",
      share: 1,
      encode: (text) => gptTokenizer.encode(text),
    },
    {
      name: "npm:tokenizers (Hugging Face, Rust)",
      share: 0.4,
      encode: async (text) => (await rust.encode(text)).getIds(),
    },
    { name: "npm:@huggingface/tokenizers", share: 0.1, encode: (text) => js.encode(text).ids },
  ];
}

/** Has Hugging Face's Rust trainer learn 30,000 tokens, which is what it does by default. */
export function trainHuggingFace(path: string): void {
  const { Tokenizer, BPE, byteLevelPreTokenizer } = huggingFaceRust;
  const tokenizer = new Tokenizer(BPE.empty());
  tokenizer.setPreTokenizer(byteLevelPreTokenizer(false));
  tokenizer.train([path]);
}
