import { test } from 'node:test';
import { integer, pick, seeded } from '../../../tools/support/random.ts';

export type Random = () => number;

/** Longer runs: FUZZ_TIMES=100 multiplies the inputs of each seed; FUZZ_SEED adds one seed. */
const TIMES = Number(process.env['FUZZ_TIMES'] ?? 1);
const OWN_SEED = process.env['FUZZ_SEED'];

/**
 * Tests that `check` holds for many random inputs: for seeds that are kept, because each of them once was a finding or
 * covers much, and for a new one in each run, which the test's name tells.
 * @param inputs random inputs a seed
 */
export function fuzz(name: string, kept: readonly number[], inputs: number, check: (random: Random) => unknown): void {
  const fresh = OWN_SEED === undefined ? integer(Math.random, 2 ** 31) : Number(OWN_SEED);
  for (const seed of [...kept, fresh])
    test(`${name}, seed ${seed}`, async () => {
      const random = seeded(seed);
      for (let input = 0; input < inputs * TIMES; input++) await check(random);
    });
}

/** Bytes that parsers trip over. */
const HARD = [
  '\n',
  '\r\n',
  '\0',
  '\\',
  '\\u0000',
  '\\ud83d',
  '"',
  '{}',
  '[',
  ']}',
  ':',
  ',',
  'null',
  '-0',
  '1e400',
  '18446744073709551616',
  '9007199254740993',
  '__proto__',
  'constructor',
  '\u2028',
  '😀',
  '%',
  '.',
  '*',
  '>',
  'NATS/1.0',
];
const HARD_BYTES = [
  Buffer.from([0x80]),
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
  Buffer.from([0xed, 0xa0, 0x80]),
  ...HARD.map(text => Buffer.from(text)),
];

/** One of `corpus` with some of its bytes changed, doubled, cut out or replaced by what parsers trip over. */
export function mutated(random: Random, corpus: readonly Uint8Array[]): Uint8Array {
  let bytes = Buffer.from(pick(random, corpus));
  for (let change = integer(random, 5); change > 0; change--) {
    const at = integer(random, bytes.length + 1);
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    const cut = tail.subarray(integer(random, Math.min(tail.length, 16) + 1));
    const inserted = pick(random, [
      () => pick(random, HARD_BYTES),
      () => Buffer.from([integer(random, 256)]),
      () => tail.subarray(0, integer(random, 64)),
      () => Buffer.from(pick(random, corpus)),
      () => Buffer.alloc(0),
    ])();
    bytes = Buffer.concat([head, inserted, random() < 0.5 ? tail : cut]);
  }
  return bytes;
}

/** A random value of JSON, seldom deep, with names that objects have by nature among its names. */
export function anyJson(random: Random, depth = 3): unknown {
  const simple: (() => unknown)[] = [
    () => pick(random, HARD),
    () => 'x'.repeat(integer(random, 400)),
    () => String.fromCharCode(integer(random, 0x10000)).repeat(integer(random, 90)),
    () => pick(random, [0, -1, 1.5, 1e21, 2 ** 53, -(2 ** 31), Number.MAX_VALUE, integer(random, 2 ** 31)]),
    () => random() < 0.5,
    () => null,
  ];
  const deep: (() => unknown)[] = [
    () => Array.from({ length: integer(random, 4) }, () => anyJson(random, depth - 1)),
    () =>
      Object.fromEntries(
        Array.from({ length: integer(random, 4) }, () => [
          pick(random, [...HARD, 'id', 'room']),
          anyJson(random, depth - 1),
        ]),
      ),
  ];
  return pick(random, depth > 0 ? [...simple, ...deep] : simple)();
}
