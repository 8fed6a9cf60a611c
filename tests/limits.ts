/**
 * What WebGPU guarantees to a kernel on every adapter. Kernels keep to it, though devices are opened
 * with the adapter's own limits: `gpu.ts` checks every module that is compiled while tests run.
 */

/** WebGPU's default limits */
const LIMITS = { workgroupBytes: 16384, invocations: 256, storageBuffers: 8 } as const;

/** What a WGSL module asks for */
export type Demands = { readonly [limit in keyof typeof LIMITS]: number };

const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  f32: 4,
  i32: 4,
  u32: 4,
  vec2f: 8,
  vec4f: 16,
  vec4u: 16,
  "atomic<u32>": 4,
};

/** Constants of modules are whole numbers, arrays in workgroup memory one-dimensional */
export function demandsOf(code: string): Demands {
  const number = (text: string): number => {
    const found = /^\d+/.exec(text.trim())?.[0] ??
      new RegExp(`const ${text.trim()}\\b[^=]*= (\\d+)`).exec(code)?.[1];
    if (found === undefined) throw new Error(`Cannot tell what ${text} is in a kernel's source`);
    return Number(found);
  };
  const workgroupBytes = [...code.matchAll(/var<workgroup>\s*\w+\s*:\s*([^;]+);/g)]
    .map(([, type]) => {
      const [element, size = "1"] = /^array<(\w+), (\w+)>$/.exec(type!)?.slice(1) ?? [type!];
      const bytes = ELEMENT_BYTES[element!];
      if (!bytes) throw new Error(`Cannot tell the size of ${type} in a kernel's source`);
      return bytes * number(size);
    });
  const sizes = /@workgroup_size\(([^)]*)\)/.exec(code)?.[1]?.split(",").map(number) ?? [1];
  return {
    workgroupBytes: workgroupBytes.reduce((sum, bytes) => sum + bytes, 0),
    invocations: sizes.reduce((product, size) => product * size, 1),
    storageBuffers: [...code.matchAll(/var<storage\b/g)].length,
  };
}

/** @throws {RangeError} if a module asks for more than WebGPU guarantees */
export function assertWithinLimits(code: string): void {
  for (const [name, found] of Object.entries(demandsOf(code))) {
    const limit = LIMITS[name as keyof typeof LIMITS];
    if (found > limit) {
      throw new RangeError(
        `A kernel asks for ${found} ${name}; WebGPU guarantees ${limit}:\n${code}`,
      );
    }
  }
}
