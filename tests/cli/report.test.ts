// `kindling report`: one page with all that runs have to show, which needs nothing from anywhere.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { reportPage } from "../../cli/report/page.ts";
import { readRuns } from "../../cli/report/run.ts";
import { writeSamples } from "../../cli/report/sample.ts";
import {
  type Analysis,
  CharTokenizer,
  EMPTY_ANALYSIS,
  type MetricsLine,
  resolveConfig,
  RunDirectory,
  TransformerLM,
  writeAnalysis,
} from "../../mod.ts";
import { gpuTest } from "../gpu.ts";
import { findChromium, Page } from "../browser.ts";
import { kindling, withFolder } from "./kindling.ts";

const SAMPLE = { prompt: "", maxTokens: 5, temperature: 1, seed: 0 };

const MODEL = { vocabSize: 4, contextLength: 8, dModel: 8, nLayers: 1, nHeads: 2, dFf: 8 };

/** The metrics of a training that goes well */
function metrics(steps: number): MetricsLine[] {
  return Array.from({ length: steps }, (_, i) => ({
    step: 10 * (i + 1),
    tokens: 1000 * (i + 1),
    loss: 4 / (i + 1),
    learningRate: 1e-3,
    gradNorm: 0.5,
    tokensPerSecond: 500,
    elapsedSeconds: 2 * (i + 1),
    ...(i % 2 === 1 && { valLoss: 5 / (i + 1), metrics: { valAccuracy: i / steps } }),
  }));
}

/** An analysis with something of everything; `names` show that text is escaped */
const ANALYSIS: Analysis = {
  ...EMPTY_ANALYSIS,
  task: "sort",
  step: 100,
  figures: [{ title: "Test accuracy", value: 0.9996, unit: "share", note: "of 1,000 lists" }],
  tables: [{
    title: "Ablations",
    columns: [{ title: "Left" }, { title: "Lists", unit: "share" }],
    rows: [["all <parts>", 0.5], ["nothing", null]],
  }],
  charts: [{
    title: "By epoch",
    x: "epoch",
    y: "accuracy",
    unit: "share",
    curves: [{ title: "signal", points: [[1, 0.25], [2, 0.5]] }],
    levels: [{ title: "ceiling", value: 0.5455 }],
  }],
  patterns: [{
    title: "a list",
    layer: 0,
    queries: ["<s>", "7"],
    keys: ["<s>", "7"],
    heads: [[[1, 0], [0.25, 0.75]], [[1, 0], [0.5, 0.5]]],
  }],
  matrices: [{
    title: "OV circuit of head 0.0",
    rows: { title: "source", names: ["a", "b"] },
    columns: { title: "logit", names: ["a", "b", "c"] },
    values: [[-2, 0, 1], [0.5, 1, 1.5]],
  }],
  mispredictions: [{ input: ["3", "1"], predicted: ["1", "2"], expected: ["1", "3"], wrong: [1] }],
};

async function makeRun(path: string, steps = 10, data = {}): Promise<RunDirectory> {
  const config = {
    model: resolveConfig(MODEL),
    data,
    optimizer: {},
    training: {},
    versions: {},
    seed: 3,
  };
  const run = await RunDirectory.create(path, { config });
  await run.log(metrics(steps));
  return run;
}

/** A page about a run with an analysis, in a file */
async function withPage(use: (file: string, page: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await makeRun(`${folder}/run`);
    await writeAnalysis(`${folder}/run`, ANALYSIS);
    const page = await reportPage(await readRuns([`${folder}/run`]), "A <title>");
    await Deno.writeTextFile(`${folder}/report.html`, page);
    await use(`${folder}/report.html`, page);
  });
}

Deno.test("a report tells everything about a run, and loads nothing", () =>
  withPage((_file, page) => {
    assert(page.length < 200_000, `${page.length} characters`);
    assertEquals(page.match(/(src|href)="(?!#|data:)[^"]*"/g), null);
    assertEquals(page.match(/@import|url\(/g), null);
    assertStringIncludes(page, "<title>A &lt;title&gt;</title>");
    assertStringIncludes(page, "99.96 %");
    assertStringIncludes(page, "all &lt;parts&gt;");
    assertStringIncludes(page, '<span class="chip wrong">2</span>');
    assertStringIncludes(page, '<span class="chip right">3</span>');
    assertStringIncludes(page, "Validation loss: from 2.5000 to 0.5000");
    assertStringIncludes(page, "Validation accuracy: from 10.0 % to 90.0 %");
    assertStringIncludes(page, "Permission is hereby granted"); // uPlot's licence
    return Promise.resolve();
  }));

Deno.test("a report of several runs gives each its colour and its name", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/other`);
    for (const path of ["a", "b", "other/a"]) await makeRun(`${folder}/${path}`, 4);
    const runs = await readRuns(["a", "b", "other/a"].map((path) => `${folder}/${path}/`));
    assertEquals(runs.map(({ name }) => name), [`${folder}/a/`, "b", `${folder}/other/a/`]);
    const page = await reportPage(runs, "Three");
    const data = JSON.parse(/id="data">(.*?)<\/script>/.exec(page)![1]!);
    const [loss] = data.charts;
    assertEquals(
      loss.lines.map(({ colour, dash }: { colour: number; dash: number }) => `${colour}${dash}`),
      ["00", "01", "10", "11", "20", "21"],
    );
    assertEquals(loss.lines[3].x, { step: [20, 40], seconds: [4, 8] });
    assertEquals(loss.lines[3].y, [2.5, 1.25]);
  }));

gpuTest("kindling report writes a page with samples", (device) =>
  withFolder(async (folder) => {
    const tokenizer = CharTokenizer.fromText("ab<\n");
    const run = await makeRun(`${folder}/run`);
    await Deno.writeTextFile(`${folder}/run/tokenizer.json`, tokenizer.toJson());
    using model = new TransformerLM(device, MODEL, { seed: 0 });
    await run.save({ model, state: { step: 100, tokens: 0, elapsedSeconds: 0, seed: 0 } });
    const out = `${folder}/report.html`;
    const options = ["report", `${folder}/run`, "--out", out];
    const { code, stderr, stdout } = await kindling(...options, "--sample-tokens", "20", "--json");
    assertEquals(code, 0, stderr);
    const page = await Deno.readTextFile(out);
    assertEquals(JSON.parse(stdout).bytes, new TextEncoder().encode(page).length);
    assertEquals(page.match(/class="token"/g)?.length, 20);
    assertMatch(page, /<table class="chances">/);

    // A classifier has a tokenizer and a checkpoint, but nothing to say.
    await makeRun(`${folder}/labels`, 10, { labels: ["yes", "no"] });
    for (const name of ["tokenizer.json", "latest"]) {
      await Deno.copyFile(`${folder}/run/${name}`, `${folder}/labels/${name}`);
    }
    assertEquals(await writeSamples([`${folder}/labels`], SAMPLE), [undefined]);

    const missing = await kindling("report", `${folder}/nowhere`, "--out", out);
    assertEquals(missing.code, 1);
    assertMatch(missing.stderr, /^error: Cannot open run ".*nowhere": there is no such folder\n$/);
  }));

Deno.test("a report says that a run has no metrics", () =>
  withFolder(async (folder) => {
    await makeRun(`${folder}/run`, 0);
    const error = await readRuns([`${folder}/run`]).catch((error) => error);
    assertMatch(error.message, /^Cannot report on run ".*run": it has no metrics yet$/);
  }));

const chromium = await findChromium();

Deno.test({
  name: "a report in Chromium asks for nothing, complains of nothing, and answers the pointer",
  ignore: chromium === undefined,
  fn: () =>
    withPage(async (file) => {
      const address = new URL(`file://${file}`).href;
      await using page = await Page.open(chromium!, { width: 1100, height: 2400, dark: true });
      await page.goto(address);
      const tip = () => page.evaluate(`document.getElementById("tip").textContent`);
      const isShown = () => page.evaluate(`document.getElementById("tip").matches(".shown")`);
      assertEquals(await page.evaluate("document.querySelectorAll('.uplot').length"), 6);
      assertEquals(await page.evaluate("document.querySelectorAll('.map canvas').length"), 3);

      // The square of query 7 and key <s> in the second head.
      const { x, y } = await page.evaluate(`(() => {
        const { left, top } = document.querySelectorAll(".map")[1].getBoundingClientRect();
        const { layout } = JSON.parse(document.getElementById("data").textContent).heatMaps[1];
        return { x: left + layout.left + 3, y: top + layout.top + layout.cell + 3 };
      })()`);
      await page.point(x, y);
      assertEquals(await tip(), "query 7 (1)\nkey <s> (0)\n0.5000");
      assert(await isShown());
      await page.point(1, 1);
      assert(!await isShown());

      // The same from the keyboard, on the circuit.
      await page.evaluate(`document.querySelectorAll(".map")[2].focus()`);
      for (const key of ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight"]) {
        await page.press(key);
      }
      assertEquals(await tip(), "source a (0)\nlogit c (2)\n1.0000");
      const live = () => page.evaluate(`document.getElementById("live").textContent`);
      assertEquals(await live(), "source a (0), logit c (2), 1.0000");

      // Along a curve, and over time.
      await page.evaluate(`document.querySelector("[data-chart='0']").focus()`);
      await page.press("ArrowRight");
      await page.press("ArrowRight");
      assertEquals(await live(), "20: Training loss 2.0000, Validation loss 2.5000");
      await page.evaluate(`document.querySelector("[value=seconds]").click()`);
      const legend = "document.querySelector('.u-legend').textContent";
      assertMatch(
        await page.evaluate(legend),
        /^time20 sTraining loss0\.4000Validation loss0\.5000/,
      );

      // All values of a heat map as a table, when asked for.
      await page.evaluate(`document.querySelector("[data-values='2']").open = true`);
      const table = `new Promise((done) => setTimeout(() =>
        done(document.querySelector("[data-values='2'] table").innerText)))`;
      assertMatch(await page.evaluate(table), /b\s+0\.5000\s+1\.0000\s+1\.5000/);

      assertEquals(page.problems, []);
      assertEquals(page.requests, [address]);
    }),
});
