/**
 * The printable byte encoding of GPT-2's vocabulary files: each byte is one visible character, so
 * that tokens can be written as text. Bytes that are visible in Latin-1 stand for themselves; the
 * others are U+0100 and up, in order (a blank is `Ġ`, a line feed `Ċ`).
 *
 * @module
 */

/** The 256 bytes in GPT-2's order: the visible ones first. Vocabularies number them in this order. */
export const BYTE_ORDER: readonly number[] = byteOrder();

function byteOrder(): number[] {
  const isVisible = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  return [...bytes.filter(isVisible), ...bytes.filter((byte) => !isVisible(byte))];
}

/** The character of each byte. */
const characters: readonly string[] = byteCharacters();
const byteOfCharacter: ReadonlyMap<string, number> = new Map(
  characters.map((character, byte) => [character, byte]),
);

function byteCharacters(): string[] {
  const result = new Array<string>(256);
  const visibleCount = 188;
  BYTE_ORDER.forEach((byte, index) => {
    result[byte] = String.fromCharCode(index < visibleCount ? byte : 256 + index - visibleCount);
  });
  return result;
}

/** Writes bytes in the printable encoding. */
export function toPrintable(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += characters[byte]!;
  return text;
}

/** Reads bytes from the printable encoding; undefined if a character does not belong to it. */
export function fromPrintable(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = byteOfCharacter.get(text[i]!);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

/**
 * Bytes as a string of one code unit per byte (Latin-1): a key for maps, and `<` orders such strings
 * as it orders the bytes.
 */
export function toKey(bytes: Uint8Array): string {
  let key = "";
  for (const byte of bytes) key += String.fromCharCode(byte);
  return key;
}

/** The bytes of a string of one code unit per byte. */
export function fromKey(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length);
  for (let i = 0; i < key.length; i++) bytes[i] = key.charCodeAt(i);
  return bytes;
}

/** The key of each single byte (see `toKey`). */
export const BYTE_KEYS: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => String.fromCharCode(byte),
);
