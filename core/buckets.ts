// Which virtual bucket of the key space a tab lives in. The hash is part of the stored format: it never changes.

/** `murmur3(tab) mod buckets`: everything of a tab lives in this bucket. Names are ASCII, so a character is a byte. */
export function bucketOf(tab: string, buckets: number): number {
  return murmur3(tab) % buckets;
}

/** MurmurHash3 x86 32-bit (Austin Appleby, public domain), seed 0, over the ASCII bytes of `text`. */
export function murmur3(text: string): number {
  const length = text.length;
  let hash = 0;
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    const block = text.charCodeAt(index) | (text.charCodeAt(index + 1) << 8) |
      (text.charCodeAt(index + 2) << 16) | (text.charCodeAt(index + 3) << 24);
    hash ^= scramble(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let rest = length - 1; rest >= index; rest--) tail = (tail << 8) | text.charCodeAt(rest);
  if (index < length) hash ^= scramble(tail);
  hash ^= length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
