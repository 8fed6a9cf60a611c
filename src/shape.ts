/**
 * All arithmetic on shapes, and all its error messages, in one place. Shapes and strides count
 * elements; axis numbers may be negative, from the end.
 *
 * @module
 */

/** Sizes along each axis; `[]` is a scalar */
export type Shape = readonly number[];

/** Number of elements: the product of all sizes */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Row-major strides in elements */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Whether strides walk through memory element by element; axes of size 1 do not count */
export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 1) continue;
    if (strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** Whether two shapes are the same */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** `[2, 3]`, for messages */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Throws unless every size is a whole number from 0 */
export function checkShape(shape: Shape): void {
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(
        `Cannot make a tensor of shape ${formatShape(shape)}: sizes must be whole numbers from 0`,
      );
    }
  }
}

/** Turns a possibly negative axis number into one from 0 */
export function resolveAxis(op: string, axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank) {
    throw new RangeError(
      rank === 0
        ? `Cannot ${op} along axis ${axis}: a scalar has no axes`
        : `Cannot ${op} along axis ${axis}: a tensor of rank ${rank} has axes ${-rank} to ${
          rank - 1
        }`,
    );
  }
  return resolved;
}

/** Axis numbers from 0, ascending; all axes when none are given */
export function resolveAxes(
  op: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = typeof axes === "number" ? [axes] : axes;
  const resolved = list.map((axis) => resolveAxis(op, axis, rank));
  if (new Set(resolved).size !== resolved.length) {
    throw new RangeError(`Cannot ${op} along axes ${formatShape(list)}: an axis is named twice`);
  }
  return resolved.sort((a, b) => a - b);
}

/** The common shape of operands, by NumPy's rules */
export function broadcastShapes(op: string, ...shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    for (let axis = 0; axis < shape.length; axis++) {
      const at = rank - shape.length + axis;
      const size = shape[axis]!;
      if (size === 1 || size === result[at]) continue;
      if (result[at] !== 1) {
        throw new TypeError(
          `Cannot ${op} ${shapes.map(formatShape).join(" and ")}: sizes must be equal or 1, got ${
            result[at]
          } and ${size} along axis ${at - rank}`,
        );
      }
      result[at] = size;
    }
  }
  return result;
}

/** Strides with which a tensor of `shape` is read as one of the broader shape `target` */
export function broadcastStrides(
  shape: Shape,
  strides: readonly number[],
  target: Shape,
): number[] {
  const lead = target.length - shape.length;
  return target.map((size, axis) => {
    if (axis < lead) return 0;
    return shape[axis - lead] === 1 && size !== 1 ? 0 : strides[axis - lead]!;
  });
}

/** Fills in the one size given as -1, so that the element count stays `size` */
export function resolveReshape(from: Shape, to: Shape): number[] {
  const size = sizeOf(from);
  const unknown = to.indexOf(-1);
  const known = sizeOf(to.filter((_, axis) => axis !== unknown));
  const resolved = [...to];
  if (unknown >= 0) resolved[unknown] = known === 0 ? 0 : size / known;
  if (
    resolved.some((part) => !Number.isInteger(part) || part < 0) || sizeOf(resolved) !== size
  ) {
    throw new TypeError(
      `Cannot reshape ${formatShape(from)} to ${formatShape(to)}: ${size} elements do not fit`,
    );
  }
  return resolved;
}

/**
 * Strides that show a strided tensor under a new shape without a copy, or undefined where only a
 * copy can.
 */
export function reshapeStrides(
  shape: Shape,
  strides: readonly number[],
  target: Shape,
): number[] | undefined {
  if (isContiguous(shape, strides) || sizeOf(shape) === 0) return contiguousStrides(target);
  // Walk both shapes in groups of equal size; each old group must be contiguous in itself.
  const old = shape.map((size, axis) => ({ size, stride: strides[axis]! }))
    .filter(({ size }) => size !== 1);
  const result = new Array<number>(target.length).fill(0);
  let oldStart = 0, newStart = 0;
  while (oldStart < old.length && newStart < target.length) {
    let oldEnd = oldStart + 1, newEnd = newStart + 1;
    let oldSize = old[oldStart]!.size, newSize = target[newStart]!;
    while (oldSize !== newSize) {
      if (newSize < oldSize) newSize *= target[newEnd++]!;
      else oldSize *= old[oldEnd++]!.size;
    }
    for (let axis = oldStart; axis < oldEnd - 1; axis++) {
      const next = old[axis + 1]!;
      if (old[axis]!.stride !== next.stride * next.size) return undefined;
    }
    let stride = old[oldEnd - 1]!.stride;
    for (let axis = newEnd - 1; axis >= newStart; axis--) {
      result[axis] = stride;
      stride *= target[axis]!;
    }
    oldStart = oldEnd;
    newStart = newEnd;
  }
  return result;
}
