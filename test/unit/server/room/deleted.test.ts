import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEntry } from '../../../../server/fold/entry.ts';
import { RoomFold } from '../../../../server/fold/room-fold.ts';
import { integer, pick, seeded } from '../../../../tools/support/random.ts';
import { TestMember, TestRooms } from '../../../support/chat/test-rooms.ts';
import { settle } from '../../../support/clocks/settle.ts';

const ROOM = 'channel:room';
const SEEDS = 120;
const STEPS = 120;

type Received = TestMember['publications'][number];

/** A room over one log, in which messages are written, edited and deleted. */
class Play {
  readonly rooms = new TestRooms({ tailMessages: 6, chunk: 3 });
  readonly members: TestMember[] = [];
  /** Messages, with the delete of each; 0 for none. */
  readonly messages: { readonly offset: number; readonly id: string; deleted: number }[] = [];
  /** Offset up to which deleted texts are erased: the worker purges nothing above it. */
  erased = 0;
  readonly #ids = { next: 0 };

  async #publish(type: string, content: object, targets: readonly number[] = []): Promise<number> {
    const id = `${type}${this.#ids.next++}`;
    const envelope = {
      type,
      id,
      dedupe: '',
      time: 7,
      user: 'ann',
      client: 'c',
      traceparent: '',
      cv: 0,
      seen: 0,
      targets,
    };
    const body = Buffer.from(JSON.stringify({ type, id, ...content, time: 7 }));
    const { offset } = await this.rooms.log.publish(ROOM, body, envelope);
    if (type === 'message') this.messages.push({ offset, id, deleted: 0 });
    return offset;
  }

  write(): Promise<number> {
    return this.#publish('message', { text: 'secret' });
  }

  async edit(message: Play['messages'][number]): Promise<void> {
    const { offset: target, id: of } = message;
    await this.#publish('edit', { target, of, text: 'secret again' }, [target]);
  }

  async delete(message: Play['messages'][number]): Promise<void> {
    const { offset: target, id: of } = message;
    const offset = await this.#publish('delete', { targets: [{ target, of, user: 'ann', time: 7 }] }, [target]);
    message.deleted ||= offset;
  }

  /** Erases what is deleted, as the worker does later, with its edits up to then. */
  erase(): void {
    const { log } = this.rooms;
    for (const { offset, deleted } of this.messages)
      if (deleted > 0 && deleted <= log.floor) {
        log.blank(offset);
        for (const edit of this.edits(offset)) if (edit <= log.floor) log.blank(edit);
      }
    this.erased = log.floor;
  }

  edits(target: number): readonly number[] {
    return this.rooms.log.editsOf(ROOM, target);
  }

  async join(from: number): Promise<TestMember> {
    const room = this.rooms.rooms.open(ROOM);
    await room.ready();
    const member = new TestMember(this.rooms);
    await this.rooms.enter(room, member, { offset: Math.min(from, room.latest), epoch: room.epoch });
    this.members.push(member);
    return member;
  }

  /** Checks that publications of an answer have no text that was deleted when it was asked for. */
  check(publications: readonly { readonly offset: number }[], before: ReadonlySet<number>, what: string): void {
    for (const { offset } of publications) {
      const gone = this.messages.find(message => message.offset === offset && before.has(offset));
      assert.equal(gone, undefined, `${what} has the deleted message ${offset}`);
      for (const target of before)
        assert.ok(!this.edits(target).includes(offset), `${what} has an edit of the deleted message ${target}`);
    }
  }

  deleted(): ReadonlySet<number> {
    return new Set(this.messages.filter(({ deleted }) => deleted > 0).map(({ offset }) => offset));
  }
}

/** Once it has the delete, a member gets nothing more of the message. */
function checkOrder(play: Play, received: readonly Received[]): void {
  const gone = new Set<number>();
  for (const { offset, type, data } of received) {
    if (type === 'delete')
      for (const { target } of (data as { targets: { target: number }[] }).targets) gone.add(target);
    else {
      assert.ok(!gone.has(offset), `${offset} comes after its delete`);
      for (const target of gone)
        assert.ok(!play.edits(target).includes(offset), `an edit of ${target} comes after its delete`);
    }
  }
}

function folded(received: readonly Received[]) {
  const fold = new RoomFold();
  for (const { offset, type, data } of received) {
    const entry = readEntry({ type, offset, user: 'ann' }, data);
    if (entry) fold.add(entry);
  }
  return fold.messages();
}

async function play(seed: number): Promise<void> {
  const random = seeded(seed);
  const run = new Play();
  const { log, rooms } = run.rooms;
  const losing = pick(random, [0, 0.2]);
  log.loses = () => random() < losing;
  await run.write();
  await run.join(0);
  for (let step = 0; step < STEPS; step++) {
    const message = pick(random, run.messages);
    await pick<() => unknown>(random, [
      () => run.write(),
      () => run.edit(message),
      () => (random() < 0.5 ? run.delete(message) : undefined),
      () => log.storeUpTo(Math.min(log.last, log.floor + integer(random, 5))),
      () => log.purge(Math.min(run.erased, log.purged + integer(random, 3))),
      () => run.erase(),
      async () => {
        const gone = run.deleted();
        // What was lost on the way is not struck yet: it is repaired first.
        await rooms.recheck();
        await settle();
        const member = await run.join(integer(random, log.last + 1));
        run.check(member.publications, gone, 'a recovery');
      },
      async () => {
        const gone = run.deleted();
        const { reader } = run.rooms.joining;
        const forward = await reader.after(ROOM, integer(random, log.last), 5);
        run.check(forward.messages, gone, 'a page forward');
        const back = await reader.before(ROOM, 1 + integer(random, log.last), 5);
        run.check(back.messages, gone, 'a page back');
      },
    ])();
    if (random() < 0.3) await settle();
  }
  await rooms.recheck();
  await settle();
  for (const member of run.members) checkOrder(run, member.publications);
  // A recovery from the beginning gives the same, before and after the texts are erased.
  const [first] = run.members;
  const whole = folded(first?.publications ?? []);
  const visible = (member: TestMember) => folded(member.publications);
  assert.deepEqual(visible(await run.join(0)), whole);
  log.storeUpTo(log.last);
  run.erase();
  rooms.closeAll();
  assert.deepEqual(visible(await run.join(0)), whole);
}

for (let seed = 1; seed <= SEEDS; seed++)
  test(`no deleted text comes back, however it is read, schedule ${seed}`, async () => await play(seed));
