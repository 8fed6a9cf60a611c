/**
 * What attention kernels are told about their operands.
 *
 * @module
 */

/** Rows of `headSize` contiguous floats, one for each position of a sequence */
export interface RowsOperand {
  /** Elements from the start of memory */
  readonly offset: number;
  /** Distance between rows in elements */
  readonly row: number;
  /** Distance along each batch axis; 0 where broadcast */
  readonly batch: readonly number[];
}

/** Which keys each query may see: an i32 for each pair, 0 where hidden */
export interface MaskOperand extends RowsOperand {
  /** Distance between the flags of neighbouring keys */
  readonly column: number;
}

/** What all kernels of one attention have in common */
export interface AttentionShape {
  /** Sizes of the batch axes: everything in front of [positions, headSize] */
  readonly batch: readonly number[];
  readonly queries: number;
  readonly keys: number;
  readonly headSize: number;
  /** Query i sees keys up to i + keys - queries */
  readonly causal: boolean;
  /** Multiplies the scores */
  readonly scale: number;
  readonly mask?: MaskOperand | undefined;
}

/** Whether all rows can be read and written by vectors of four */
export function isAligned({ headSize }: AttentionShape, rows: readonly RowsOperand[]): boolean {
  return rows.every(({ offset, row, batch }) =>
    [headSize, offset, row, ...batch].every((number) => number % 4 === 0)
  );
}
