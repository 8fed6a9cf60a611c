// A float64 oracle for every op: what kernels and gradients are tested against.

export * from "./attention.ts";
export * from "./einsum.ts";
export * from "./elementwise.ts";
export * from "./gradient.ts";
export * from "./indexing.ts";
export * from "./loss.ts";
export * from "./matmul.ts";
export * from "./ndarray.ts";
export * from "./norm.ts";
export * from "./reduce.ts";
export * from "./shape.ts";
export * from "./softmax.ts";
