/**
 * Rows of a table picked by token ids, and the gradient of the table.
 *
 * WGSL has no atomic addition of floats, and its order would differ from run to run. So equal ids
 * are linked into chains first: every token finds the nearest earlier token with its id. Then the
 * first token of each chain walks along it and adds up, always in the same order. Chains end at
 * chunks of the tokens, which bounds both the search and the walk (llvmpipe silently ends loops
 * after 65,535 rounds); the chunks add to the table one after another.
 *
 * @module
 */

import {
  coverWith,
  ENTRY_PARAMETERS,
  type Kernel,
  Params,
  type StorageBuffer,
  storageBuffers,
  workgroupIndex,
} from "./kernel.ts";

/** Invocations of a workgroup */
const SIZE = 64;

/** Tokens within which equal ids are linked; a multiple of 4 */
export const LINK_CHUNK = 1024;

/** Sizes of a look-up */
export interface EmbeddingShape {
  /** Rows of the table */
  readonly rows: number;
  /** Elements of a row */
  readonly width: number;
  /** Number of ids */
  readonly tokens: number;
}

/**
 * Rows of the table; NaN where an id is out of range. The ids start at `offset`. Bindings: table, ids,
 * result [tokens, width]
 */
export function embeddingKernel(shape: EmbeddingShape, offset = 0): Kernel {
  const { vector, vectors } = vectorsOf(shape.width);
  const count = shape.tokens * vectors;
  const params = new Params();
  const word = (value: number) => Params.read(params.u32(value));
  const nan = Params.readFloat(params.f32(NaN));
  return kernel("embedding", count, params, {
    inputs: [{ name: "table", type: vector }, { name: "ids", type: "i32" }],
    outputs: [{ name: "result", type: vector }],
    body: /* wgsl */ `
  if (i >= ${word(count)}) { return; }
  let vectors = ${word(vectors)};
  let token = i / vectors;
  let column = i - token * vectors;
  let id = ids[token + ${word(offset)}];
  if (id < 0 || id >= i32(${word(shape.rows)})) { result[i] = ${vector}(${nan}); return; }
  result[i] = table[u32(id) * vectors + column];`,
  });
}

/**
 * Links tokens with equal ids. Bindings: ids, previous [tokens]: the nearest earlier token of the
 * chunk with this id or -1, next [tokens]: the other way round, full of -1 beforehand
 */
export function embeddingLinksKernel(tokens: number): Kernel {
  const params = new Params();
  const tokensWord = Params.read(params.u32(tokens));
  return kernel("embedding_links", tokens, params, {
    inputs: [{ name: "ids", type: "vec4i" }],
    outputs: [{ name: "previous", type: "i32" }, { name: "next", type: "i32" }],
    body: /* wgsl */ `
  if (i >= ${tokensWord}) { return; }
  let first_group = i / ${LINK_CHUNK}u * ${LINK_CHUNK / 4}u;
  var group = i / 4u;
  let own = ids[group];
  let id = vec4i(own[i % 4u]);
  var hits = (own == id) & (vec4u(0, 1, 2, 3) < vec4u(i % 4u));
  while (!any(hits) && group > first_group) {
    group -= 1u;
    hits = ids[group] == id;
  }
  if (!any(hits)) { previous[i] = -1; return; }
  let found = group * 4u + select(select(select(0u, 1u, hits.y), 2u, hits.z), 3u, hits.w);
  previous[i] = i32(found);
  // Nobody else writes here: a token has one nearest successor.
  next[found] = i32(i);`,
  });
}

/**
 * Adds the gradients of the tokens `start` to `end`, whole chunks, to the table's gradient.
 * Bindings: ids, previous, next, gradient [tokens, width], result [rows, width]
 */
export function embeddingGradientKernel(
  shape: EmbeddingShape,
  range: { readonly start: number; readonly end: number },
): Kernel {
  const { vector, vectors } = vectorsOf(shape.width);
  const count = (range.end - range.start) * vectors;
  const params = new Params();
  const word = (value: number) => Params.read(params.u32(value));
  return kernel("embedding_gradient", count, params, {
    inputs: [
      { name: "ids", type: "i32" },
      { name: "previous", type: "i32" },
      { name: "next", type: "i32" },
      { name: "gradient", type: vector },
    ],
    outputs: [{ name: "result", type: vector }],
    body: /* wgsl */ `
  if (i >= ${word(count)}) { return; }
  let vectors = ${word(vectors)};
  let first = i / vectors;
  let column = i - first * vectors;
  var token = i32(first + ${word(range.start)});
  if (previous[token] >= 0) { return; }
  let id = ids[token];
  if (id < 0 || id >= i32(${word(shape.rows)})) { return; }
  var sum = ${vector}();
  while (token >= 0) {
    sum += gradient[u32(token) * vectors + column];
    token = next[token];
  }
  result[u32(id) * vectors + column] += sum;`,
  });
}

/** Rows are worked on by vectors of four where they are whole vectors */
function vectorsOf(width: number): { vector: string; vectors: number } {
  return width % 4 === 0
    ? { vector: "vec4f", vectors: width / 4 }
    : { vector: "f32", vectors: width };
}

/** A kernel with an invocation for each of `count` numbers `i` */
function kernel(
  name: string,
  count: number,
  params: Params,
  parts: {
    inputs: readonly StorageBuffer[];
    outputs: readonly StorageBuffer[];
    body: string;
  },
): Kernel {
  const { inputs, outputs, body } = parts;
  return {
    name,
    code: /* wgsl */ `
${storageBuffers(inputs, outputs)}
${Params.declare(inputs.length + outputs.length, params.length)}
@compute @workgroup_size(${SIZE})
fn main(${ENTRY_PARAMETERS}) {
  let i = ${workgroupIndex} * ${SIZE}u + lid.x;${body}
}`,
    workgroups: coverWith(SIZE, count),
    params: params.pack(),
  };
}
