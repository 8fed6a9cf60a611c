/**
 * English contractions: `'s`, `'t`, `'d`, `'m`, `'ll`, `'ve`, `'re`.
 *
 * @module
 */

/** The ASCII apostrophe that a contraction begins with. */
export const APOSTROPHE = 0x27;

const [D, E, L, M, R, S, T, V] = [0x64, 0x65, 0x6c, 0x6d, 0x72, 0x73, 0x74, 0x76];
/** Makes an ASCII letter small. */
const SMALL = 0x20;

/** The end of the contraction whose apostrophe is at `start`, or `start` if there is none. */
export function contractionEnd(bytes: Uint8Array, start: number, limit: number): number {
  return endOf(start, limit, bytes[start + 1]!, bytes[start + 2]!);
}

/** The same in any case: `(?i:'s|'t|'re|'ve|'m|'ll|'d)`. */
export function anyCaseContractionEnd(bytes: Uint8Array, start: number, limit: number): number {
  if (start + 2 < limit && bytes[start + 1] === 0xc5 && bytes[start + 2] === 0xbf) {
    return start + 3; // ſ, the long s, is an s in any case
  }
  return endOf(start, limit, bytes[start + 1]! | SMALL, bytes[start + 2]! | SMALL);
}

function endOf(start: number, limit: number, first: number, second: number): number {
  if (start + 1 >= limit) return start;
  if (first === S || first === D || first === M || first === T) return start + 2;
  if (start + 2 >= limit) return start;
  if (first === L) return second === L ? start + 3 : start;
  return second === E && (first === V || first === R) ? start + 3 : start;
}
