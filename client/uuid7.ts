/** Source of random bytes, cryptographic. */
export type RandomBytes = (length: number) => Uint8Array;

const SEQUENCE_MAX = 0xfff;

/**
 * Makes UUIDs of version 7 (RFC 9562): 48 bits of milliseconds, 12 bits that count within a millisecond, 62 random bits.
 * Ids of one source rise strictly, even if the clock stands still or is set back: their order is that of their creation.
 * @param now milliseconds since 1970
 * @param after time below all ids, milliseconds since 1970. Default: none
 */
export function uuid7Source(now: () => number, random: RandomBytes, after = -1): () => string {
  let lastTime = after;
  let sequence = SEQUENCE_MAX;
  return () => {
    const time = Math.trunc(now());
    const bytes = random(10);
    if (time > lastTime) {
      lastTime = time;
      // A random start in the lower half: it is hard to guess and leaves 2,048 ids in the same millisecond.
      sequence = (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) & (SEQUENCE_MAX >> 1);
    } else if (sequence < SEQUENCE_MAX) {
      sequence += 1;
    } else {
      lastTime += 1;
      sequence = 0;
    }
    const tail = bytes.slice(2);
    tail[0] = 0x80 | ((tail[0] ?? 0) & 0x3f);
    const hex =
      lastTime.toString(16).padStart(12, '0') +
      (0x7000 | sequence).toString(16) +
      Array.from(tail, byte => byte.toString(16).padStart(2, '0')).join('');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
  };
}

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** Milliseconds since 1970 at which an id was made, or null if it is not a UUID of version 7. */
export function uuid7Time(id: string): number | null {
  return UUID7.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : null;
}
