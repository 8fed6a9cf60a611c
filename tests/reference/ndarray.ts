// The oracle's array: contiguous float64 numbers in row-major order with a shape. Booleans are 0
// and 1, integers are whole numbers. Every function returns a new array and is written to be
// checked by eye against its definition, not to be fast.

/** A contiguous float64 array in row-major order. */
export interface NdArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Numbers nested to any depth; a plain number has the shape []. */
export type Nested = number | readonly Nested[];

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** An array of a shape from flat numbers in row-major order. */
export function ndarray(shape: readonly number[], values: ArrayLike<number>): NdArray {
  if (values.length !== sizeOf(shape)) {
    throw new RangeError(`Cannot shape ${values.length} values as [${shape.join(", ")}]`);
  }
  return { shape: [...shape], data: Float64Array.from(values) };
}

/** An array from nested numbers. */
export function fromNested(nested: Nested): NdArray {
  if (typeof nested === "number") return ndarray([], [nested]);
  const items = nested.map(fromNested);
  const inner = items[0]?.shape ?? [];
  if (items.some((item) => !sameShape(item.shape, inner))) {
    throw new RangeError("Cannot make an array of ragged nested numbers");
  }
  return ndarray([items.length, ...inner], items.flatMap((item) => [...item.data]));
}

/** An array with every element equal. */
export function full(shape: readonly number[], value: number): NdArray {
  return { shape: [...shape], data: new Float64Array(sizeOf(shape)).fill(value) };
}

/** Whether two shapes are equal. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/**
 * An array of a shape whose element at each index is computed from that index.
 *
 * The index is one array that changes from call to call: copy what is kept.
 */
export function build(
  shape: readonly number[],
  value: (index: readonly number[]) => number,
): NdArray {
  const data = new Float64Array(sizeOf(shape));
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < data.length; i++) {
    data[i] = value(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) { // as an odometer
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return { shape: [...shape], data };
}

/** Calls `visit` for each index of a shape, in row-major order. */
export function forEachIndex(
  shape: readonly number[],
  visit: (index: readonly number[]) => void,
): void {
  build(shape, (index) => (visit(index), 0));
}

/** Where an index lies in the flat data of a shape. */
export function offsetOf(shape: readonly number[], index: readonly number[]): number {
  let offset = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    const i = index[axis]!;
    if (!(i >= 0 && i < shape[axis]!)) {
      throw new RangeError(`Cannot read [${index.join(", ")}] of [${shape.join(", ")}]`);
    }
    offset = offset * shape[axis]! + i;
  }
  return offset;
}

/** The element at an index. */
export function at(a: NdArray, index: readonly number[]): number {
  return a.data[offsetOf(a.shape, index)]!;
}

/** An axis counted from the front; negative ones count from the back. */
export function normalizeAxis(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!(positive >= 0 && positive < rank)) {
    throw new RangeError(`Cannot use axis ${axis} of an array of rank ${rank}`);
  }
  return positive;
}

/** A copy of a list with the item at a place replaced. */
export function replaced<T>(list: readonly T[], place: number, item: T): T[] {
  return list.map((old, i) => i === place ? item : old);
}

/** The shape that NumPy's broadcasting gives to arrays of these shapes. */
export function broadcastShapes(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    const size = sizes.find((size) => size !== 1) ?? 1;
    if (sizes.some((other) => other !== 1 && other !== size)) {
      throw new RangeError(
        `Cannot broadcast ${shapes.map((shape) => `[${shape.join(", ")}]`).join(" and ")}`,
      );
    }
    return size;
  });
}

/** An array repeated to a shape as NumPy broadcasts it. */
export function broadcastTo(a: NdArray, shape: readonly number[]): NdArray {
  if (!sameShape(broadcastShapes(a.shape, shape), shape)) {
    throw new RangeError(`Cannot broadcast [${a.shape.join(", ")}] to [${shape.join(", ")}]`);
  }
  const added = shape.length - a.shape.length;
  return build(
    shape,
    (index) => at(a, a.shape.map((size, i) => size === 1 ? 0 : index[i + added]!)),
  );
}

/** The same elements in another shape; one size may be -1 and is computed. */
export function reshape(a: NdArray, shape: readonly number[]): NdArray {
  const known = sizeOf(shape.filter((size) => size !== -1));
  return ndarray(shape.map((size) => size === -1 ? a.data.length / known : size), a.data);
}

/** Axes in another order: axis `i` of the result is axis `order[i]` of the array. */
export function permute(a: NdArray, order: readonly number[]): NdArray {
  const axes = order.map((axis) => normalizeAxis(axis, a.shape.length));
  const source = new Array<number>(axes.length);
  return build(axes.map((axis) => a.shape[axis]!), (index) => {
    axes.forEach((axis, i) => source[axis] = index[i]!);
    return at(a, source);
  });
}

/** Two axes exchanged; the last two unless told. */
export function transpose(a: NdArray, axis0 = -2, axis1 = -1): NdArray {
  const order = a.shape.map((_, i) => i);
  const first = normalizeAxis(axis0, order.length);
  const second = normalizeAxis(axis1, order.length);
  order[first] = second;
  order[second] = first;
  return permute(a, order);
}

/** Each element put through a function. */
export function map(a: NdArray, f: (x: number) => number): NdArray {
  return { shape: [...a.shape], data: a.data.map((x) => f(x)) };
}

/** Elements of two arrays, broadcast, put through a function. */
export function map2(a: NdArray, b: NdArray, f: (x: number, y: number) => number): NdArray {
  const shape = broadcastShapes(a.shape, b.shape);
  const left = broadcastTo(a, shape);
  const right = broadcastTo(b, shape);
  return { shape, data: left.data.map((x, i) => f(x, right.data[i]!)) };
}
