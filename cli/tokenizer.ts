/** `kindling tokenizer`: make, use and look into tokenizers. */

import { type Command, defineGroup } from "./command.ts";

/** The `tokenizer` group. */
export const command: Command = defineGroup({
  name: "kindling tokenizer",
  description: "Train, use and look into tokenizers.",
  commands: {
    train: {
      summary: "Learn a byte-level BPE vocabulary from text files",
      load: () => import("./tokenizer/train.ts"),
    },
    encode: {
      summary: "Turn text into token ids, or files into a token file",
      load: () => import("./tokenizer/encode.ts"),
    },
    decode: {
      summary: "Turn token ids or token files back into text",
      load: () => import("./tokenizer/decode.ts"),
    },
    stats: {
      summary: "Measure a tokenizer on text: compression, use of its vocabulary, speed",
      load: () => import("./tokenizer/stats.ts"),
    },
    explain: {
      summary: "Show how a text becomes tokens, merge by merge",
      load: () => import("./tokenizer/explain.ts"),
    },
    compare: {
      summary: "Compare two tokenizers on one text",
      load: () => import("./tokenizer/compare.ts"),
    },
  },
});
