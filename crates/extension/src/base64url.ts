/**
 * Base64url without padding (RFC 4648 §5), strict both ways.
 * It also runs among a page's scripts, so it calls nothing that they can have replaced after it was loaded.
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUES: Record<string, number> = { __proto__: null } as never;
for (let value = 0; value < 64; value += 1) VALUES[ALPHABET[value] as string] = value;

const Bytes = Uint8Array;
const Buffer = ArrayBuffer;

export function encode(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const three = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += `${ALPHABET[three >> 18]}${ALPHABET[(three >> 12) & 63]}`;
    if (left > 1) text += ALPHABET[(three >> 6) & 63];
    if (left > 2) text += ALPHABET[three & 63];
  }
  return text;
}

/** The bytes, or nothing where the text is not exactly what `encode` writes. */
export function decode(text: string): ArrayBuffer | undefined {
  const spare = text.length % 4;
  if (spare === 1) return undefined;
  const buffer = new Buffer((text.length * 3) >> 2);
  const bytes = new Bytes(buffer);
  let bits = 0;
  let have = 0;
  let at = 0;
  for (let index = 0; index < text.length; index += 1) {
    const value = VALUES[text[index] as string];
    if (value === undefined) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    have += 6;
    if (have >= 8) {
      have -= 8;
      bytes[at] = (bits >> have) & 0xff;
      at += 1;
    }
  }
  // Bits that belong to no byte must be zero, or one value would have several spellings.
  return (bits & ((1 << have) - 1)) === 0 ? buffer : undefined;
}
