/** `kindling tokenizer train`: learn a vocabulary from text files. */

import { fileSize } from "../../src/platform/files.ts";
import { Tokenizer } from "../../src/tokenizer/bpe.ts";
import { saveTokenizer } from "../../src/tokenizer/tokenizer_files.ts";
import { trainBpe } from "../../src/tokenizer/train_bpe.ts";
import { type Command, defineCommand } from "../command.ts";
import { formatBytes, formatDuration, formatInteger } from "../format.ts";
import { UsageError, withoutUndefined } from "../options.ts";
import { notice, print } from "../terminal.ts";
import { TrainingBars } from "./bars.ts";
import { FORMATS, patternOption, workersOption } from "./choices.ts";
import { interruptible } from "./interrupt.ts";

const END_OF_TEXT = "<|endoftext|>";

/** The `tokenizer train` command. */
export const command: Command = defineCommand({
  name: "kindling tokenizer train",
  description: "Learn a byte-level BPE vocabulary from text files, of any size.",
  positionals: {
    textFile: { required: true, many: true, description: "Text in UTF-8" },
  },
  options: {
    vocabSize: {
      type: "integer",
      default: 4096,
      description: "Tokens in all: special tokens, 256 bytes and what is learned",
    },
    specialToken: {
      type: "strings",
      description: `Never cut, and text is split at it; ${END_OF_TEXT} if none is given`,
    },
    out: {
      type: "string",
      placeholder: "FILE|DIR",
      description: "Where to write: a name that ends with .json or .tiktoken, or a directory",
    },
    minFrequency: {
      type: "integer",
      min: 1,
      description: "How often a pair must occur to be merged",
    },
    maxTokenLength: { type: "integer", min: 1, description: "Longest token, in bytes" },
    pattern: patternOption,
    format: {
      type: "string",
      choices: FORMATS,
      default: "huggingface",
      description: "Write tokenizer.json, vocab.json and merges.txt, or tiktoken's ranks",
    },
    workers: workersOption,
    json: { type: "boolean", description: "Print what was done as JSON" },
  },
  examples: [
    ["kindling tokenizer train book.txt --vocab-size 2048 --out book", "Write book/tokenizer.json"],
  ],
  run: ({ options, positionals }) =>
    interruptible(async (signal) => {
      const { out, json, vocabSize, pattern, format } = options;
      const { minFrequency, maxTokenLength, workers } = options;
      if (out === undefined) throw new UsageError("Missing --out: need a file or a directory");
      const specialTokens = options.specialToken.length > 0 ? options.specialToken : [END_OF_TEXT];
      const files = positionals.textFile;
      const started = performance.now();
      let bytes = 0;
      for (const path of files) bytes += await fileSize(path, { what: "text file" });

      using bars = new TrainingBars();
      const { vocab, merges } = await trainBpe({ files }, {
        vocabSize,
        specialTokens,
        pattern,
        ...withoutUndefined({ minFrequency, maxTokenLength, workers }),
        onProgress: (progress) => bars.update(progress),
        signal,
      });
      bars[Symbol.dispose]();
      const tokenizer = new Tokenizer(vocab, merges, specialTokens, { pattern });
      const paths = await saveTokenizer(tokenizer, out, { format });
      const seconds = (performance.now() - started) / 1000;
      if (json) {
        print(
          JSON.stringify({ paths, vocabSize: vocab.size, merges: merges.length, bytes, seconds }),
        );
      } else {
        notice(
          `Learned ${formatInteger(vocab.size)} tokens from ${formatBytes(bytes)} ` +
            `in ${formatDuration(seconds)}: ${paths.join(", ")}`,
        );
      }
      if (vocab.size < vocabSize) {
        notice(`No more pairs to merge: ${vocab.size} tokens instead of ${vocabSize}`);
      }
    }),
});
