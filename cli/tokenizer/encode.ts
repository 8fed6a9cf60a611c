/** `kindling tokenizer encode`: text to token ids. */

import { writeTokenFile } from "../../src/data/token_file.ts";
import { loadTokenizer } from "../../src/tokenizer/tokenizer_files.ts";
import { type Command, defineCommand } from "../command.ts";
import { formatDuration, formatInteger } from "../format.ts";
import { UsageError } from "../options.ts";
import { notice, print } from "../terminal.ts";
import { textPieces } from "./input.ts";
import { interruptible } from "./interrupt.ts";

/** The `tokenizer encode` command. */
export const command: Command = defineCommand({
  name: "kindling tokenizer encode",
  description: "Turn text into token ids: files, a text on the command line, or standard input.",
  positionals: {
    tokenizer: { required: true, description: "A tokenizer.json, or a directory that has one" },
    textFile: { many: true, description: "Text in UTF-8" },
  },
  options: {
    text: { type: "string", description: "Text to encode" },
    out: { type: "string", placeholder: "FILE", description: "Write a token file" },
    special: {
      type: "boolean",
      default: true,
      description: "Encode special tokens in the text as any other text",
    },
    json: { type: "boolean", description: "Print the ids as a JSON array" },
  },
  run: ({ options, positionals }) =>
    interruptible(async (signal) => {
      const { text, out, json, special } = options;
      if (text !== undefined && positionals.textFile.length > 0) {
        throw new UsageError("Cannot encode both --text and files: give one of them");
      }
      const tokenizer = await loadTokenizer(positionals.tokenizer);
      const ids = tokenizer.encodeIterable(
        untilAborted(textPieces(text, positionals.textFile), signal),
        { allowedSpecial: special ? "all" : "none" },
      );
      if (out === undefined) {
        const all = await Array.fromAsync(ids);
        print(json ? JSON.stringify(all) : all.join(" "));
        return;
      }
      const started = performance.now();
      const count = await writeTokenFile(out, ids, { vocabSize: tokenizer.vocabSize });
      const seconds = (performance.now() - started) / 1000;
      if (json) print(JSON.stringify({ path: out, tokens: count, seconds }));
      else notice(`Wrote ${formatInteger(count)} tokens in ${formatDuration(seconds)}: ${out}`);
    }),
});

async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  for await (const item of items) {
    signal.throwIfAborted();
    yield item;
    // Lets Ctrl-C be noticed between two pieces.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
