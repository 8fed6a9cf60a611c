/**
 * The rules that keep the architecture: which layer may import which, and what may touch the
 * outside. Pure functions over a module graph and over source text; `architecture.test.ts` applies
 * them to the repository.
 */

/** A module and what it imports, paths relative to the repository, other specifiers as they are. */
export interface Module {
  readonly path: string;
  readonly imports: readonly string[];
}

/**
 * The layers from the bottom to the top. A module may import from its own layer and from those
 * below. An entry is a folder (with a slash at the end) or a file.
 */
export const LAYERS: readonly (readonly string[])[] = [
  ["kernels/"],
  [
    "src/display/",
    "src/errors.ts",
    "src/nearest_names.ts",
    "src/normal_distribution.ts",
    "src/platform/",
    "src/random.ts",
    "src/safetensors.ts",
    "src/shape.ts",
    "src/summary.ts",
    "src/tuning.ts",
  ],
  ["src/gpu/"],
  [
    "src/autograd.ts",
    "src/device.ts",
    "src/launch/",
    "src/profile.ts",
    "src/scope.ts",
    "src/storage.ts",
    "src/tensor.ts",
    "src/tensor_methods.ts",
  ],
  ["src/ops/"],
  ["src/data/", "src/nn/", "src/optim/", "src/tokenizer/"],
  [
    "src/decoding/",
    "src/generate.ts",
    "src/generate_with_probabilities.ts",
    "src/sampling.ts",
    "src/interp/",
    "src/train/",
  ],
  ["src/tasks/"],
  ["mod.ts"],
  ["cli/"],
];

/** Files without code, such as deno.json with the version number: anything may import them. */
const DATA = /\.json$/;

/** The library proper, which has no dependencies and runs in browsers too. */
const CORE = /^(mod\.ts$|src\/|kernels\/)/;

/** A rule that was broken, in words. */
export type Violation = string;

/** What in the graph goes against the layers, or out of the library. */
export function violations(graph: readonly Module[]): Violation[] {
  return graph.flatMap(({ path, imports }) => {
    const layer = layerOf(path);
    if (layer < 0) return [`${path} belongs to no layer: add it to LAYERS`];
    return imports.flatMap((target) => importViolation(path, layer, target));
  });
}

function importViolation(path: string, layer: number, target: string): Violation[] {
  if (DATA.test(target)) return [];
  if (/^[a-z]+:/.test(target)) {
    return CORE.test(path) ? [`${path} imports ${target}: the core has no dependencies`] : [];
  }
  const targetLayer = layerOf(target);
  if (targetLayer < 0) return [`${path} imports ${target}, which belongs to no layer`];
  return targetLayer <= layer ? [] : [`${path} imports ${target}, which is in a higher layer`];
}

/** The index of the path's layer, or -1. */
function layerOf(path: string): number {
  return LAYERS.findIndex((layer) =>
    layer.some((entry) => entry.endsWith("/") ? path.startsWith(entry) : path === entry)
  );
}

/** Uses of `Deno` in a file of the library outside `src/platform/`, by line. */
export function platformViolations(path: string, source: string): Violation[] {
  if (!CORE.test(path) || path.startsWith("src/platform/")) return [];
  // Comments may speak of Deno; line breaks stay, so that lines keep their numbers.
  const code = source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ""))
    .replace(/(^|\s)\/\/.*$/gm, "");
  return code.split("\n").flatMap((line, i) =>
    /\bDeno\s*(\?\.|\.|\[)/.test(line) ? [`${path}:${i + 1} uses Deno: only src/platform/ may`] : []
  );
}

/** What `deno info --json` prints, as far as it matters here. */
export interface DenoInfo {
  readonly modules: readonly {
    readonly specifier: string;
    readonly error?: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: { readonly specifier?: string };
      readonly type?: { readonly specifier?: string };
    }[];
  }[];
}

/** The repository's own modules in the output of `deno info --json`; `root` is its file URL. */
export function graphOf(info: DenoInfo, root: string): Module[] {
  const relative = (specifier: string) =>
    specifier.startsWith(root) ? specifier.slice(root.length) : specifier;
  return info.modules
    .filter(({ specifier }) => specifier.startsWith(root) && !DATA.test(specifier))
    .map(({ specifier, dependencies = [] }) => ({
      path: relative(specifier),
      imports: dependencies.map((dependency) =>
        relative(dependency.code?.specifier ?? dependency.type?.specifier ?? dependency.specifier)
      ),
    }));
}
