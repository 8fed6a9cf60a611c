/** `kindling generate`: write text with a trained model. */

import type { GeneratedToken } from "../src/display/probabilities.ts";
import type { InspectedToken } from "../src/generate.ts";
import { type DescribedToken, describeToken } from "../src/generate_with_probabilities.ts";
import { writeFileAtomic } from "../src/platform/files.ts";
import { loadTrainedModel } from "../src/train/trained_model.ts";
import { type Command, defineCommand } from "./command.ts";
import { describeDevice, openDevice } from "./device.ts";
import { fact } from "./facts.ts";
import { formatPercent } from "./format.ts";
import { generatedPage } from "./generate/page.ts";
import { withoutUndefined } from "./options.ts";
import { isProfiled, PROFILE_OPTIONS, showProfile, timed } from "./profile.ts";
import { INTERRUPTED, StopSignals } from "./stop_signals.ts";
import { notice, paint, print, write } from "./terminal.ts";
import { promptTokens, writeText } from "./write_text.ts";

/** Likeliest tokens on a page unless told how many. */
const PAGE_ALTERNATIVES = 6;

/** Columns for a token in the table of probabilities. */
const TOKEN_WIDTH = 16;

/** The `generate` command. */
export const command: Command = defineCommand({
  name: "kindling generate",
  description: "Write text with a trained model.",
  positionals: {
    run: { required: true, description: "A run directory, or a checkpoint in one" },
  },
  options: {
    prompt: { type: "string", default: "", description: "How the text starts" },
    maxTokens: { type: "integer", min: 1, default: 256, description: "Most tokens to write" },
    temperature: {
      type: "number",
      min: 0,
      default: 0.8,
      description: "Below 1 prefers likely tokens, 0 always takes the likeliest",
    },
    topK: { type: "integer", min: 1, description: "Choose among so many likeliest tokens" },
    topP: {
      type: "number",
      above: 0,
      max: 1,
      description: "Choose among the likeliest tokens that together have this probability",
    },
    seed: { type: "integer", default: 0, description: "Another seed gives another text" },
    probabilities: {
      type: "integer",
      min: 1,
      description: "Show each token with its probability and so many of the likeliest",
    },
    html: {
      type: "string",
      placeholder: "FILE",
      description: "Write text and probabilities as a page too",
    },
    ...PROFILE_OPTIONS,
    json: { type: "boolean", description: "Print text and tokens as JSON" },
  },
  examples: [
    ["kindling generate runs/stories", "Write a story"],
    ['kindling generate runs/stories --prompt "One day," --seed 7', "Go on from a beginning"],
    ["kindling generate runs/stories --probabilities 6 --html text.html", "See each choice"],
  ],
  async run({ positionals: { run }, options }): Promise<number> {
    const { prompt, maxTokens, temperature, seed, json, html } = options;
    // A page is about probabilities.
    const alternatives = options.probabilities ??
      (html === undefined ? undefined : PAGE_ALTERNATIVES);
    using stop = new StopSignals();
    using device = await openDevice();
    const { model, tokenizer, config } = await loadTrainedModel(device, run);
    const seesWholeTexts = config.data.task !== undefined;
    describeDevice(device);
    const described: DescribedToken[] = [];
    const show = alternatives !== undefined && !json;
    if (show) print(paint("dim", "token and probability".padEnd(TOKEN_WIDTH + 10) + "likeliest"));
    else if (!json) write(paint("bold", prompt));
    const sampling = {
      temperature,
      ...withoutUndefined({ topK: options.topK, topP: options.topP }),
    };
    const compose = () =>
      writeText({
        model,
        tokenizer,
        prompt: promptTokens(tokenizer, prompt, { seesWholeTexts }),
        maxTokens,
        seed,
        ...sampling,
        signal: stop.signal,
        ...(json || show ? {} : { onText: (piece: string) => write(piece) }),
        ...(alternatives === undefined ? {} : {
          inspect: {
            alternatives,
            onToken(token: InspectedToken) {
              described.push(describeToken(token, tokenizer));
              if (show) print(probabilityRow(described.at(-1)!));
            },
          },
        }),
      });
    const profiled = isProfiled(options) ? await timed(device, compose) : undefined;
    const { text, tokens } = profiled?.result ?? await compose();
    if (html !== undefined) {
      const settings = { seed, ...sampling };
      await writeFileAtomic(html, generatedPage({ run, prompt, tokens: described, settings }));
    }
    if (json) {
      const result = { prompt, text, tokens, seed, ...sampling };
      const all = alternatives === undefined ? result : { ...result, probabilities: described };
      print(JSON.stringify(all, undefined, 2));
    } else if (!show) {
      print();
    }
    if (html !== undefined) fact("Page", html);
    if (profiled) {
      const of = `${tokens.length} tokens and what came before them`;
      await showProfile(profiled.profile, { of, wishes: options, log: notice });
    }
    return stop.signal.aborted ? INTERRUPTED : 0;
  },
});

/** A token and its probability, then the likeliest tokens with theirs, in columns. */
function probabilityRow(token: GeneratedToken): string {
  const [chosen = "", ...others] = [token, ...token.alternatives].map(({ text, probability }) => {
    return JSON.stringify(text).padEnd(TOKEN_WIDTH) + formatPercent(probability).padStart(7);
  });
  return [paint("bold", chosen), ...others].join("   ");
}
