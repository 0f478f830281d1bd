// Base64 (RFC 4648, section 4). The writer's end goes straight from bytes to bytes by a table, since it runs on
// platforms that have no Uint8Array.toBase64; the reader's end uses the platform's.

const ALPHABET = new TextEncoder().encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const PADDING = 0x3d;

/** Characters that `count` bytes take, padding included. */
export function base64Length(count: number): number {
  return Math.ceil(count / 3) * 4;
}

/** Writes `bytes` as padded base64 into `target` from `at` on, where there must be room, and answers where it ends. */
export function encodeBase64(
  bytes: Uint8Array,
  { target, at }: { readonly target: Uint8Array; readonly at: number },
): number {
  const whole = bytes.length - bytes.length % 3;
  let index = 0;
  let end = at;
  for (; index < whole; index += 3) {
    const three = bytes[index] << 16 | bytes[index + 1] << 8 | bytes[index + 2];
    target[end] = ALPHABET[three >> 18];
    target[end + 1] = ALPHABET[three >> 12 & 63];
    target[end + 2] = ALPHABET[three >> 6 & 63];
    target[end + 3] = ALPHABET[three & 63];
    end += 4;
  }
  if (whole === bytes.length) return end;
  const hasTwo = bytes.length - whole === 2;
  const rest = bytes[index] << 8 | (hasTwo ? bytes[index + 1] : 0);
  target[end] = ALPHABET[rest >> 10];
  target[end + 1] = ALPHABET[rest >> 4 & 63];
  target[end + 2] = hasTwo ? ALPHABET[rest << 2 & 63] : PADDING;
  target[end + 3] = PADDING;
  return end + 4;
}

/** Reads base64 into scratch space: to allocate an array for each State takes longer than all the rest. */
export class Base64Decoder {
  #scratch = new Uint8Array(4096);

  /**
   * The bytes that `text` stands for, valid until the next call; undefined where it is not base64. The padding may
   * be missing.
   */
  decode(text: string): Uint8Array | undefined {
    let digits = text.length;
    while (digits > 0 && digits > text.length - 2 && text.charCodeAt(digits - 1) === PADDING) digits--;
    const length = Math.floor(digits * 3 / 4);
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(2 * length);
    try {
      const { written } = this.#scratch.setFromBase64(text);
      // It passes over white space, which would be many ways of writing one thing.
      return digits % 4 !== 1 && written === length ? this.#scratch.subarray(0, length) : undefined;
    } catch {
      return undefined;
    }
  }
}
