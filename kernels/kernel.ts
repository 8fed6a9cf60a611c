/**
 * What a kernel is: WGSL source, the values it reads from its uniform block, and how many
 * workgroups to start. Kernels are pure functions of shapes and adapter traits; this folder knows
 * neither tensors nor devices.
 *
 * @module
 */

/** What kernels need to know about an adapter in order to choose a variant */
export interface AdapterTraits {
  /** A CPU pretending to be a GPU, such as llvmpipe: barriers are dear, lanes are vector lanes */
  readonly software: boolean;
  /**
   * Invocations that run in lock-step and can shuffle registers; 0 when subgroups are unusable, or
   * their size varies
   */
  readonly subgroupSize: number;
  /** Bounds of the sizes among which the driver chooses for each kernel; 0 when unusable */
  readonly subgroupSizes: readonly [least: number, most: number];
  /** The line that switches subgroups on, where the WGSL compiler demands one */
  readonly subgroupPrelude: string;
  /**
   * Loads from read-only storage textures are much faster than loads from buffers, enough to pay
   * for a copy: on llvmpipe a load from a buffer is a loop over lanes with a branch for each
   * component, one from a texture is straight-line code.
   */
  readonly fastTextureLoads: boolean;
  /** Whether shaders may use the type `f16` */
  readonly f16: boolean;
  /** Whether compute passes can be timed */
  readonly timestamps: boolean;
  /** Bytes of workgroup memory that one workgroup may use */
  readonly workgroupMemory: number;
  /**
   * Tiles of matrix products in workgroup memory. Left out, the product's size decides between
   * 32x32 and 64x64; the others are for those who measure on their GPU.
   */
  readonly tiling?: TilingName;
}

/**
 * Rows and columns of a matrix product that a workgroup computes, or tiles that suit subgroups of
 * the adapter's size, see `matmul_tiled.ts`
 */
export type TilingName = "32x32" | "64x32" | "64x64" | "128x64" | "subgroups";

/** All tilings */
export const TILING_NAMES: readonly TilingName[] = [
  "32x32",
  "64x32",
  "64x64",
  "128x64",
  "subgroups",
];

/** The number of workgroups along x, y and z */
export type Workgroups = readonly [x: number, y: number, z: number];

/**
 * One dispatch: inputs read as textures are bound in order from binding 0, then storage buffers, the
 * uniform block behind them.
 */
export interface Kernel {
  /** Name in profiles and error messages, such as `matmul_shuffle` */
  readonly name: string;
  /** The complete WGSL module; its entry point is `main` */
  readonly code: string;
  /** How many workgroups to start */
  readonly workgroups: Workgroups;
  /** How many of the first inputs are read as textures, see {@link textureInput} */
  readonly textures?: number;
  /** Floating-point operations of the dispatch, for profiles of kernels that are bound by them */
  readonly flops?: number;
  /** Values of the uniform block, if the module declares one */
  readonly params?: Uint32Array<ArrayBuffer>;
}

/** The limit that WebGPU guarantees for the number of workgroups along one dimension */
const MAX_WORKGROUPS = 65535;

/**
 * Folds a linear number of workgroups into two dimensions when it exceeds the limit of one.
 * Kernels recover the linear number with {@link workgroupIndex}.
 */
export function foldWorkgroups(count: number): Workgroups {
  if (count <= MAX_WORKGROUPS) return [Math.max(count, 1), 1, 1];
  const y = Math.ceil(count / MAX_WORKGROUPS);
  return [Math.ceil(count / y), y, 1];
}

/** Workgroups of `size` invocations that cover `count` invocations */
export function coverWith(size: number, count: number): Workgroups {
  return foldWorkgroups(Math.ceil(count / size));
}

/** Parameters of every entry point that recovers the linear workgroup number */
export const ENTRY_PARAMETERS =
  "@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_id) lid: vec3u";

/** WGSL expression of the linear workgroup number inside an entry point */
export const workgroupIndex = "(wid.y * nwg.x + wid.x)";

/** Texels in a row of a texture that stands for a buffer; each texel is a vector of four floats */
export const TEXTURE_WIDTH = 1024;

/** WGSL of an input that is read as a texture by `load_NAME(i)`, `i` counting vectors of four */
export function textureInput(name: string, binding: number): string {
  return /* wgsl */ `
@group(0) @binding(${binding}) var ${name}: texture_storage_2d<rgba32float, read>;
fn load_${name}(i: u32) -> vec4f {
  return textureLoad(${name}, vec2u(i % ${TEXTURE_WIDTH}u, i / ${TEXTURE_WIDTH}u));
}`;
}

/** WGSL of an input that is read by `load_NAME(i)` from a buffer of vectors of four */
export function vectorInput(name: string, binding: number): string {
  return /* wgsl */ `
@group(0) @binding(${binding}) var<storage, read> ${name}: array<vec4f>;
fn load_${name}(i: u32) -> vec4f { return ${name}[i]; }`;
}

/** A storage buffer of a kernel, an array of a WGSL type */
export interface StorageBuffer {
  readonly name: string;
  readonly type: string;
}

/** WGSL of a kernel's storage buffers, bound from binding 0: inputs, which are only read, then outputs */
export function storageBuffers(
  inputs: readonly StorageBuffer[],
  outputs: readonly StorageBuffer[],
): string {
  return [...inputs, ...outputs].map(({ name, type }, binding) => {
    const access = binding < inputs.length ? "read" : "read_write";
    return `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${type}>;`;
  }).join("\n");
}

/** Values for a kernel's uniform block, written in the order in which the block declares them */
export class Params {
  readonly #words: number[] = [];
  readonly #variables: number[] = [];

  /** Appends unsigned integers and returns the slot of the first one */
  u32(...values: readonly number[]): number {
    const slot = this.#words.length;
    this.#words.push(...values);
    return slot;
  }

  /** Appends a float, stored as its bits, and returns its slot */
  f32(value: number): number {
    FLOAT[0] = value;
    return this.u32(BITS[0]!);
  }

  /**
   * Appends an unsigned integer and returns the name of a variable that holds it, see
   * {@link variables}. Software adapters read the block anew wherever it is mentioned, lane by lane,
   * be it in a loop. Variables may differ from lane to lane, as far as WGSL knows: whether lanes get
   * to a barrier or a shuffle must not depend on one.
   */
  variable(value: number): string {
    const slot = this.u32(value);
    this.#variables.push(slot);
    return `param${slot}`;
  }

  /** WGSL of the variables so far, and of `read_params()`, which must come first in `main` */
  variables(): string {
    const declared = this.#variables.map((slot) => `var<private> param${slot}: u32;`);
    const set = this.#variables.map((slot) => `param${slot} = ${Params.read(slot)};`);
    return `${declared.join("\n")}\nfn read_params() { ${set.join(" ")} }`;
  }

  /** WGSL expression that reads a slot of the block declared by {@link declare} */
  static read(slot: number): string {
    return `params[${slot >> 2}].${"xyzw"[slot & 3]}`;
  }

  /** WGSL expression that reads a slot as a float */
  static readFloat(slot: number): string {
    return `bitcast<f32>(${Params.read(slot)})`;
  }

  /** WGSL declaration of a block with at least `words` words */
  static declare(binding: number, words: number): string {
    const vectors = Math.max(1, Math.ceil(words / 4));
    return `@group(0) @binding(${binding}) var<uniform> params: array<vec4u, ${vectors}>;`;
  }

  /** The number of words so far */
  get length(): number {
    return this.#words.length;
  }

  /** The block, padded to whole vectors */
  pack(): Uint32Array<ArrayBuffer> {
    const packed = new Uint32Array(Math.max(4, Math.ceil(this.#words.length / 4) * 4));
    packed.set(this.#words);
    return packed;
  }
}

const FLOAT = new Float32Array(1);
const BITS = new Uint32Array(FLOAT.buffer);
