import { assertEquals } from "@std/assert";
import { type DenoInfo, graphOf, platformViolations, violations } from "./architecture.ts";

const root = new URL("../", import.meta.url);

Deno.test("imports go one way: no module imports from a higher layer", async () => {
  const info = await moduleGraph();
  const missing = info.modules.flatMap(({ error }) => error === undefined ? [] : [error]);
  assertEquals([...missing, ...violations(graphOf(info, root.href))], []);
});

Deno.test("only src/platform touches Deno", async () => {
  const found: string[] = [];
  for (const path of await sourceFiles()) {
    found.push(...platformViolations(path, await Deno.readTextFile(new URL(path, root))));
  }
  assertEquals(found, []);
});

Deno.test("violations() finds a planted import of a higher layer", () => {
  assertEquals(
    violations([
      { path: "src/gpu/pool.ts", imports: ["src/ops/matmul.ts", "kernels/matmul.ts"] },
      { path: "kernels/matmul.ts", imports: ["src/shape.ts"] },
      { path: "src/nn/linear.ts", imports: ["mod.ts", "src/tensor.ts"] },
    ]),
    [
      "src/gpu/pool.ts imports src/ops/matmul.ts, which is in a higher layer",
      "kernels/matmul.ts imports src/shape.ts, which is in a higher layer",
      "src/nn/linear.ts imports mod.ts, which is in a higher layer",
    ],
  );
});

Deno.test("violations() finds a planted dependency of the core, and allows it in the CLI", () => {
  assertEquals(
    violations([
      { path: "src/data/text.ts", imports: ["npm:left-pad@1"] },
      { path: "mod.ts", imports: ["node:fs", "https://example.com/mod.ts"] },
      { path: "cli/main.ts", imports: ["node:util", "mod.ts"] },
    ]),
    [
      "src/data/text.ts imports npm:left-pad@1: the core has no dependencies",
      "mod.ts imports node:fs: the core has no dependencies",
      "mod.ts imports https://example.com/mod.ts: the core has no dependencies",
    ],
  );
});

Deno.test("violations() finds modules without a layer", () => {
  assertEquals(
    violations([
      { path: "src/helpers/misc.ts", imports: [] },
      { path: "cli/main.ts", imports: ["tests/oracle.ts"] },
    ]),
    [
      "src/helpers/misc.ts belongs to no layer: add it to LAYERS",
      "cli/main.ts imports tests/oracle.ts, which belongs to no layer",
    ],
  );
});

Deno.test("platformViolations() finds a planted use of Deno in code, not in comments", () => {
  const source = [
    "/** Runs where Deno.readFile is missing. */",
    "const text = await Deno.readTextFile(path); // Deno.",
    "// Deno.exit",
  ].join("\n");
  assertEquals(platformViolations("src/data/text.ts", source), [
    "src/data/text.ts:2 uses Deno: only src/platform/ may",
  ]);
  assertEquals(platformViolations("src/platform/files.ts", source), []);
  assertEquals(platformViolations("cli/main.ts", source), []);
});

Deno.test("graphOf() keeps type imports and dynamic imports", () => {
  const info: DenoInfo = {
    modules: [
      {
        specifier: "file:///repo/src/a.ts",
        dependencies: [
          { specifier: "./b.ts", type: { specifier: "file:///repo/src/b.ts" } },
          { specifier: "./c.ts", code: { specifier: "file:///repo/src/c.ts" } },
          { specifier: "node:util", code: { specifier: "node:util" } },
        ],
      },
      { specifier: "node:util" },
    ],
  };
  assertEquals(graphOf(info, "file:///repo/"), [
    { path: "src/a.ts", imports: ["src/b.ts", "src/c.ts", "node:util"] },
  ]);
});

/** Every module of the library and the command line, whether something imports it or not. */
async function moduleGraph(): Promise<DenoInfo> {
  const imports = (await sourceFiles()).map((path) => `import "${new URL(path, root)}";`);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", `data:application/typescript,${imports.join("")}`],
    cwd: root,
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot read the module graph: ${decoder.decode(stderr)}`);
  return JSON.parse(decoder.decode(stdout)) as DenoInfo;
}

/** Paths of the TypeScript files that are published. */
async function sourceFiles(): Promise<string[]> {
  const found: string[] = ["mod.ts"];
  const folders = ["kernels/", "src/", "cli/"];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const entry of Deno.readDir(new URL(folder, root))) {
      if (entry.isDirectory) folders.push(`${folder}${entry.name}/`);
      else if (entry.name.endsWith(".ts")) found.push(folder + entry.name);
    }
  }
  return found.sort();
}
