// Choosing tilings by timing: on a pretended GPU, since llvmpipe has nothing to choose.

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { tilingChoices } from "../../kernels/matmul.ts";
import { readTuning, requestDevice, writeTuning } from "../../mod.ts";
import { ratesTable } from "../../cli/tune.ts";
import { bestOf, measureTilings } from "../../cli/tune/rates.ts";
import { gpuTest, TILINGS, VARIANTS } from "../gpu.ts";
import { startKindling, withFolder } from "./kindling.ts";

const GPU = VARIANTS["as a GPU without subgroups"]!;

gpuTest("measureTilings() times every tiling that an adapter can have", async (device) => {
  const products = [{ m: 70, n: 40, k: 33 }, { m: 33, n: 130, k: 16 }];
  const done: number[] = [];
  const onRound = (round: number, all: number) => done.push(round / all);
  for (const subgroupSizes of [[0, 0], [8, 16]] as const) {
    const traits = { ...GPU, subgroupSizes };
    const rates = await measureTilings({ products, rounds: 3, traits, onRound });
    const choices = tilingChoices({ ...device.runtime.traits, ...traits });
    assertEquals(choices.includes("subgroups"), subgroupSizes[0] > 0);
    assertEquals(rates.map(({ tiling }) => tiling), [undefined, ...choices]);
    for (const { gflops, speed } of rates) {
      assertEquals(gflops.length, products.length);
      assert(gflops.every((rate) => rate > 0) && speed > 0);
    }
    assertEquals(rates[0]!.speed, 1);
  }
  assertEquals(done, [1 / 3, 2 / 3, 1, 1 / 3, 2 / 3, 1]);
});

Deno.test("bestOf() takes another tiling only where it is clearly faster", () => {
  const bestAt = (one: number, other: number) =>
    bestOf([
      { tiling: undefined, gflops: [], speed: 1 },
      { tiling: "64x64", gflops: [], speed: one },
      { tiling: "128x64", gflops: [], speed: other },
    ]).tiling;
  assertEquals(bestAt(1.02, 0.9), undefined);
  assertEquals(bestAt(1.1, 1.2), "128x64");
  assertEquals(bestAt(1.2, 1.1), "64x64");
});

Deno.test("ratesTable() shows what was measured", () => {
  const rates = [
    { tiling: undefined, gflops: [100, 200, 300, 400], speed: 1 },
    { tiling: "128x64" as const, gflops: [120, 240.55, 360, 480], speed: 1.2 },
  ];
  // The best is none of them, so that nothing is coloured on a terminal.
  const table = ratesTable(rates, { ...rates[1]! });
  const rows = table.split("\n").map((line) => line.trim().split(/ {2,}/));
  assertEquals(rows, [
    ["GFLOP/s", "512×512×512", "1024×1024×1024", "2048×512×128", "2048×1344×512", "all"],
    ["by size", "100.0", "200.0", "300.0", "400.0", "1.00 times"],
    ["128x64", "120.0", "240.6", "360.0", "480.0", "1.20 times"],
  ]);
});

gpuTest("products are the same bit for bit with any tiling", async () => {
  const results: number[][] = [];
  for (const traits of [GPU, ...Object.values(TILINGS)]) {
    using device = await requestDevice({ traits });
    using _scope = device.scope();
    const a = device.randn([130, 200], { seed: 1 }), b = device.randn([200, 70], { seed: 2 });
    results.push([...await a.matmul(b).data()]);
  }
  for (const result of results) assertEquals(result, results[0]);
});

gpuTest(
  "requestDevice() takes what was found for its adapter, and nothing else",
  async (device) => {
    await withFolder(async (folder) => {
      const path = `${folder}/new/tuning.json`;
      assertEquals(await readTuning(path), {});
      const tuning = {
        [device.description]: { tiling: "64x32" },
        "another adapter": { tiling: "128x64" },
      } as const;
      assertEquals(await writeTuning(tuning, path), path);
      assertEquals(await readTuning(path), tuning);
      const tilingWith = async (options: Parameters<typeof requestDevice>[0]) => {
        using opened = await requestDevice(options);
        return opened.runtime.traits.tiling;
      };
      assertEquals(await tilingWith({ tuning }), "64x32");
      assertEquals(await tilingWith({ tuning, traits: { tiling: "32x32" } }), "32x32");
      assertEquals(await tilingWith({ tuning: { other: { tiling: "32x32" } } }), undefined);

      for (
        const [text, reason] of [
          ["{", "JSON"],
          ['{"x": null}', "x has tiling undefined, needs 32x32, 64x32, 64x64, 128x64, subgroups"],
          ['{"x": {"tiling": "7x7"}}', 'x has tiling "7x7", needs 32x32'],
        ] as const
      ) {
        await Deno.writeTextFile(path, text);
        const error = await assertRejects(() => readTuning(path), SyntaxError, `"${path}": `);
        assertStringIncludes(error.message, reason);
        assertMatch(error.message, /; remove it and tune again$/);
      }
    });
  },
);

gpuTest("commands read what kindling tune has found, and it can forget", async (device) => {
  await withFolder(async (folder) => {
    const run = async (...args: string[]) => {
      const output = await startKindling(args, { env: { KINDLING_CACHE: folder } }).output();
      const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) =>
        new TextDecoder().decode(bytes)
      );
      assert(output.success, stderr);
      return { stdout: stdout!, stderr: stderr! };
    };
    if (tilingChoices(device.runtime.traits).length === 0) {
      assertStringIncludes((await run("tune")).stderr, "There is nothing to choose");
      assertEquals([...Deno.readDirSync(folder)], []);
    }
    const path = `${folder}/tuning.json`;
    await writeTuning({ [device.description]: { tiling: "64x32" } }, path);
    assertEquals(JSON.parse((await run("doctor", "--json")).stdout).adapter.tiling, "64x32");
    assertStringIncludes((await run("tune", "--forget")).stderr, "Forgot 64x32");
    assertEquals(await readTuning(path), {});
  });
});
