import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Deletion } from '../../../../../server/bus/last-entry.ts';
import { Runner } from '../../../../../server/worker/fold/runner.ts';
import { StateFold } from '../../../../../server/worker/state/state-fold.ts';
import { integer, pick } from '../../../../../tools/support/random.ts';
import { MemoryDigests } from '../../../../support/chat/memory-digests.ts';
import { MemoryFoldLog } from '../../../../support/chat/memory-fold-log.ts';
import { NO_POLICY } from '../../../../support/chat/no-policy.ts';
import { ManualClock } from '../../../../support/clocks/manual-clock.ts';
import { fuzz, type Random } from '../../../../support/fuzz/fuzz.ts';

const ROOMS = ['a', 'b', 'c'];
const KEPT_MS = 240_000;

interface Stored {
  readonly room: string;
  readonly offset: number;
  readonly targets: readonly number[];
  /** True for a message that counts. */
  readonly counts: boolean;
}

/** A partition with its LAST, and the fold that keeps it. */
class Bench {
  readonly clock = new ManualClock();
  readonly log = new MemoryFoldLog(this.clock);
  readonly last = new MemoryDigests();
  readonly stored: Stored[] = [];
  /** Offsets of entries that do not count. */
  readonly voided = new Set<number>();
  erased = 0;
  #epoch = 0;
  #end: () => void = () => undefined;

  /** Starts a worker; the one before ends. */
  start(): void {
    this.#end();
    const ended = new AbortController();
    this.#end = () => ended.abort();
    const fold = new StateFold({
      policy: {
        ...NO_POLICY,
        apply: async (_, entries) => new Set(entries.map(({ offset }) => offset).filter(at => this.voided.has(at))),
        counting: async (_, entries) => entries.filter(({ offset }) => !this.voided.has(offset)),
      },
      digests: this.last,
      foldLog: this.log,
      deletions: async ({ room, after, upto }) =>
        this.stored
          .filter(({ room: own, offset, targets }) => own === room && targets.length > 0 && offset > after)
          .filter(({ offset }) => offset <= upto && offset >= this.log.first)
          .map(({ offset, targets }) => ({ offset, targets, user: '', seen: 0 })),
      erased: () => this.erased,
      forget: async () => null,
      keptMs: KEPT_MS,
      written: () => undefined,
      clock: this.clock,
      log: pino({ level: 'silent' }),
    });
    const runner = new Runner({
      fold,
      foldLog: this.log,
      names: { logSubjects: () => 'log.*' },
      ready: async () => undefined,
      folded: () => undefined,
      failing: () => undefined,
      clock: this.clock,
      random: () => 0.5,
      log: pino({ level: 'silent' }),
    });
    void runner.run({ fold: 'state', partition: 0, epoch: ++this.#epoch, signal: ended.signal });
  }

  stop(): void {
    this.#end();
  }

  publish(room: string, ...targets: number[]): number {
    const headers = targets.length > 0 ? { 'Chat-Type': 'delete', 'Chat-Target': targets.join(',') } : {};
    const offset = this.log.publish(room, headers);
    this.stored.push({ room, offset, targets, counts: false });
    return offset;
  }

  message(room: string, counts = true): number {
    if (!counts) this.voided.add(this.log.last + 1);
    const offset = this.log.publish(room, { 'Chat-Type': 'message' });
    this.stored.push({ room, offset, targets: [], counts });
    return offset;
  }

  deletions(room: string): Deletion[] {
    return this.stored
      .filter(entry => entry.room === room && entry.targets.length > 0 && !this.voided.has(entry.offset))
      .map(({ offset, targets }) => ({ at: offset, targets }));
  }

  /** Last offset of a room; 0 for none. */
  topOf(room: string): number {
    return this.stored.findLast(entry => entry.room === room)?.offset ?? 0;
  }

  /** Notes what a worker of an earlier release does before it purges, as far as it gets. */
  noteAsEarlier(below: number, withCover: boolean): void {
    for (const room of ROOMS) {
      const top = this.stored.findLast(entry => entry.room === room && entry.offset < below)?.offset ?? 0;
      if (top >= this.log.first) this.last.put(room, { top, deletions: null });
    }
    const { epoch, first } = this.log;
    const before = this.last.mark?.value;
    const joins = before?.epoch === epoch && before.below >= first;
    if (withCover)
      this.last.putCover({
        epoch,
        from: joins ? before.from : first,
        below: joins ? Math.max(before.below, below) : below,
      });
  }

  /** Purges as a worker of this release does: not above the cover, and not over entries of an earlier release. */
  purge(below: number): void {
    const { mark, rooms } = this.last;
    const { checked, below: covered } = mark?.value ?? {};
    if (checked === undefined || covered === undefined) return;
    const isClean = [...rooms.values()].every(({ value, revision }) => revision <= checked || value?.deletions);
    if (isClean) this.log.purge(Math.min(below, covered));
  }

  /** Checks what readers conclude from LAST: nothing is too low, no delete is missing, and no other message is the last one. */
  check(): void {
    const { mark, rooms } = this.last;
    const { first } = this.log;
    assert.ok(mark?.value.lease !== undefined && mark.value.below === this.log.last + 1, 'everything is folded');
    for (const room of ROOMS) {
      const top = this.topOf(room);
      const digest = rooms.get(room)?.value ?? null;
      if (top >= mark.value.from) assert.ok((digest?.top ?? 0) >= top, `${room} ends at ${digest?.top}, not at ${top}`);
      const last = this.stored.findLast(entry => entry.room === room && entry.counts)?.offset ?? 0;
      const { countable } = digest ?? { countable: 0 };
      const isKnown = countable !== undefined && (mark.value.from <= 1 || countable >= mark.value.from);
      if (isKnown) assert.equal(countable, last, `last message of ${room}`);
      const wanted = this.deletions(room).filter(({ at }) => at >= first && at > this.erased);
      const known = digest ? (digest.deletions ?? assert.fail(`${room} has no list`)) : [];
      for (const { at } of known) assert.ok(!this.voided.has(at), `${room} has the delete ${at}, which does not count`);
      for (const each of wanted)
        assert.ok(
          known.some(({ at }) => at === each.at),
          `${room} lacks the delete ${each.at}`,
        );
    }
  }
}

function anyStep(random: Random, bench: Bench): void {
  pick<() => void>(random, [
    () => bench.publish(pick(random, ROOMS)),
    () => bench.message(pick(random, ROOMS)),
    () => bench.message(pick(random, ROOMS), random() < 0.5),
    () => bench.publish(pick(random, ROOMS), 1 + integer(random, bench.log.last + 1)),
    () => bench.voided.add(bench.publish(pick(random, ROOMS), 1 + integer(random, bench.log.last + 1))),
    () => bench.start(),
    () => bench.purge(bench.log.first + integer(random, 5)),
    () => bench.noteAsEarlier(bench.log.first + integer(random, 5), random() < 0.5),
    () => {
      bench.erased = Math.max(bench.erased, Math.min(bench.log.last, bench.erased + integer(random, 3)));
    },
    () => {
      if (random() < 0.2) bench.last.wipe();
    },
  ])();
}

fuzz(
  'digests have every top and every delete through deaths, purges, lost entries and workers of an earlier release',
  [1, 2, 3],
  60,
  async random => {
    const bench = new Bench();
    let faults = 10;
    bench.last.request = () => {
      if (faults > 0 && random() < 0.1) {
        faults -= 1;
        throw new Error('NATS does not answer');
      }
    };
    bench.start();
    for (let step = 0; step < 40; step++) {
      anyStep(random, bench);
      if (random() < 0.4) await bench.clock.passSettling(integer(random, 2_500));
    }
    bench.last.request = () => undefined;
    await bench.clock.passSettling(30_000);
    bench.check();
    bench.stop();
  },
);

test('a delete leaves the digest only when its texts are gone and no edit can be under way', async () => {
  const bench = new Bench();
  const kept = () => bench.last.rooms.get('a')?.value?.deletions?.length;
  const touched = async (ms: number) => {
    await bench.clock.passSettling(ms);
    bench.publish('a');
    await bench.clock.passSettling(3_000);
    return kept();
  };
  bench.start();
  bench.publish('a');
  bench.publish('a', 1);
  assert.equal(await touched(3_000), 1);
  bench.erased = bench.log.last;
  assert.equal(await touched(KEPT_MS / 2), 1, 'it is young');
  assert.equal(await touched(KEPT_MS), 0);
  bench.publish('a', 3);
  assert.equal(await touched(2 * KEPT_MS), 1, 'its text is still there');
  bench.stop();
});

test('rebuilt from nothing, LAST is what it was', async () => {
  const bench = new Bench();
  bench.start();
  for (const room of ['a', 'b', 'a', 'c', 'a']) bench.publish(room);
  bench.publish('b', 2);
  await bench.clock.passSettling(5_000);
  const values = () => new Map([...bench.last.rooms].map(([room, { value }]) => [room, value]));
  const before = values();
  bench.last.wipe();
  bench.publish('c');
  await bench.clock.passSettling(20_000);
  assert.deepEqual(values(), before.set('c', { top: 7, deletions: [], countable: 0 }));
  bench.stop();
});

test('a digest has the last message that counts, and not a void one', async () => {
  const bench = new Bench();
  bench.start();
  const counts = bench.message('a');
  bench.message('a', false);
  bench.publish('a', counts);
  await bench.clock.passSettling(5_000);
  assert.equal(bench.last.rooms.get('a')?.value?.countable, counts);
  bench.stop();
});
