// Base64 (RFC 4648, section 4) straight between bytes and bytes: what Uint8Array.fromBase64 does where it exists,
// for every platform that the client runs on, and without a string in between.

const ALPHABET = new TextEncoder().encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const PADDING = 0x3d;
const NO_DIGIT = 0xff;
const VALUES = new Uint8Array(256).fill(NO_DIGIT);
ALPHABET.forEach((character, value) => VALUES[character] = value);

/** Bytes that `count` bytes take as base64, padding included. */
export function base64Length(count: number): number {
  return Math.ceil(count / 3) * 4;
}

/** Writes `bytes` as padded base64 into `target` from `at` on, where there must be room, and answers where it ended. */
export function encodeBase64(bytes: Uint8Array, target: Uint8Array, at: number): number {
  const whole = bytes.length - bytes.length % 3;
  let index = 0;
  for (; index < whole; index += 3) {
    const three = bytes[index] << 16 | bytes[index + 1] << 8 | bytes[index + 2];
    target[at] = ALPHABET[three >> 18];
    target[at + 1] = ALPHABET[three >> 12 & 63];
    target[at + 2] = ALPHABET[three >> 6 & 63];
    target[at + 3] = ALPHABET[three & 63];
    at += 4;
  }
  if (index === bytes.length) return at;
  const second = index + 1 < bytes.length ? bytes[index + 1] : 0;
  target[at] = ALPHABET[bytes[index] >> 2];
  target[at + 1] = ALPHABET[(bytes[index] & 3) << 4 | second >> 4];
  target[at + 2] = index + 1 < bytes.length ? ALPHABET[(second & 15) << 2] : PADDING;
  target[at + 3] = PADDING;
  return at + 4;
}

/** The bytes that `text` stands for; undefined where it is not base64. The padding may be missing. */
export function decodeBase64(text: Uint8Array): Uint8Array | undefined {
  let length = text.length;
  if (length % 4 === 0 && length > 0 && text[length - 1] === PADDING) length -= text[length - 2] === PADDING ? 2 : 1;
  const rest = length % 4;
  if (rest === 1) return undefined;
  const decoded = new Uint8Array((length - rest) / 4 * 3 + (rest === 0 ? 0 : rest - 1));
  // Collects the marks of characters that are no digits, so that the loop has no branch.
  let seen = 0;
  let at = 0;
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    const first = VALUES[text[index]];
    const second = VALUES[text[index + 1]];
    const third = VALUES[text[index + 2]];
    const fourth = VALUES[text[index + 3]];
    seen |= first | second | third | fourth;
    decoded[at] = first << 2 | second >> 4;
    decoded[at + 1] = second << 4 | third >> 2;
    decoded[at + 2] = third << 6 | fourth;
    at += 3;
  }
  if (rest > 0) {
    const first = VALUES[text[index]];
    const second = VALUES[text[index + 1]];
    const third = rest === 3 ? VALUES[text[index + 2]] : 0;
    seen |= first | second | third;
    decoded[at] = first << 2 | second >> 4;
    if (rest === 3) decoded[at + 1] = second << 4 | third >> 2;
  }
  return seen > 63 ? undefined : decoded;
}
