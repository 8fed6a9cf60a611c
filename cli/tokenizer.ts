/** `kindling tokenizer`: make, use and look into tokenizers. */

import { type Command, defineGroup } from "./command.ts";

/** The `tokenizer` group. */
export const command: Command = defineGroup({
  name: "kindling tokenizer",
  description: "Train and use tokenizers.",
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
  },
});
