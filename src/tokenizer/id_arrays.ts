/**
 * Whole arrays of token ids.
 *
 * @module
 */

/** Decodes a whole row of token ids. */
export function decodeAll(ids: Iterable<number>, bytesOf: (id: number) => Uint8Array): string {
  let bytes = new Uint8Array(256);
  let length = 0;
  for (const id of ids) {
    const token = bytesOf(id);
    if (length + token.length > bytes.length) {
      const grown = new Uint8Array(2 * (length + token.length));
      grown.set(bytes);
      bytes = grown;
    }
    bytes.set(token, length);
    length += token.length;
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, length));
}

/** Token ids as an ordinary array. `Array.from` would take nine times as long. */
export function toNumbers(ids: Int32Array): number[] {
  // Longer arrays must grow as they are filled: made at their length, V8 would keep them as maps.
  const numbers: number[] = new Array(Math.min(ids.length, 1 << 24));
  for (let i = 0; i < ids.length; i++) numbers[i] = ids[i]!;
  return numbers;
}
