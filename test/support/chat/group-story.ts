import assert from 'node:assert/strict';
import { Delivery, FLAWLESS } from '../../../tools/support/delivery.ts';
import { nextId } from '../../../tools/support/sdk.ts';
import { until } from '../../../tools/support/until.ts';
import type { Person } from './person.ts';

/** People of the story, on two gateways. */
export interface Cast {
  readonly owner: Person;
  /** On another gateway than the owner. */
  readonly moderator: Person;
  readonly member: Person;
  /** One user, on both gateways. */
  readonly leaver: readonly [Person, Person];
}

type Around = <T>(act: () => Promise<T>) => Promise<T>;

/** Messages of each writer before the kick, and of those who stay after it. */
const SOME = 20;
/** Unsubscribes with a lower code are final: the SDK does not subscribe again. */
const FINAL_BELOW = 2_500;

interface Body {
  readonly id?: string;
  readonly type?: string;
  readonly act?: string;
}

/** Publications that one connection got of a room. */
interface Heard {
  readonly offsets: readonly number[];
  /** Offset of the kick; undefined before it came. */
  kick: number | undefined;
  /** Code of the unsubscribe; undefined while subscribed. */
  ended: number | undefined;
}

/** Follows a room, and counts its messages in a delivery. */
async function follow(by: Person, name: string, room: string, delivery: Delivery): Promise<Heard> {
  const got = delivery.client(name);
  const offsets: number[] = [];
  const heard: Heard = { offsets, kick: undefined, ended: undefined };
  const subscription = by.sdk.newSubscription(room, { minResubscribeDelay: 20, maxResubscribeDelay: 500 });
  subscription.on('error', () => undefined);
  subscription.on('publication', ({ data, offset = 0 }) => {
    offsets.push(offset);
    const { id = '', type, act } = by.value(data) as Body;
    if (type === 'message') got(id, offset);
    if (act === 'kick') heard.kick = offset;
  });
  subscription.on('unsubscribed', ({ code }) => {
    heard.ended = code;
  });
  subscription.subscribe();
  await subscription.ready(60_000);
  return heard;
}

/** Acts in a group: roles, an edit, a reaction, a reply and a delete, which everybody sees the same on both gateways. */
export async function livelyGroup({ owner, moderator, member, leaver }: Cast): Promise<string> {
  const members = [moderator.user, member.user, leaver[0].user];
  const { room } = await owner.act('room.create', { kind: 'group', name: 'Tea', members });
  await owner.act('room.role', { room, user: moderator.user, role: 'moderator' });
  const send = async (by: Person, text: string) => {
    const of = nextId();
    return { target: (await by.send(room, text, of)).offset, of };
  };
  const [question, mistake] = [await send(member, 'Which te?'), await send(member, 'a mistake')];
  await member.act('message.edit', { room, ...question, text: 'Which tea?' });
  await moderator.act('message.react', { room, ...question, emoji: '🍵', on: true });
  const replyTo = { offset: question.target, id: question.of };
  await owner.act('message.send', { room, text: 'Green', replyTo });
  await member.act('message.delete', { room, targets: [mistake] });
  assert.equal(await moderator.code('message.edit', { room, ...question, text: 'no' }), 103);
  for (const by of [owner, moderator, member, ...leaver]) {
    const { items } = await by.act('message.list', { room });
    assert.deepEqual(
      items.map(({ user, text, deleted, reactions = [] }) => [
        user,
        text ?? '',
        (deleted ?? 0) > 0,
        reactions.map(({ emoji, n }) => `${emoji} ${n}`),
      ]),
      [
        [member.user, 'Which tea?', false, ['🍵 1']],
        [member.user, '', true, []],
        [owner.user, 'Green', false, []],
      ],
    );
    assert.deepEqual(items.at(-1)?.replyTo, replyTo);
  }
  return room;
}

/**
 * Kicks a member while everybody writes. On both gateways the kick is the last that the member gets; what the member writes behind
 * it is shown nowhere; the others lose nothing.
 * @param around runs the kick, for what shall happen while it is made
 */
export async function kickAmidMessages(cast: Cast, room: string, around: Around = act => act()): Promise<void> {
  const { owner, moderator, member, leaver } = cast;
  const staying = { owner, moderator, member };
  const delivery = new Delivery();
  const cut = new Delivery();
  const others: Heard[] = [];
  for (const [name, by] of Object.entries(staying)) others.push(await follow(by, name, room, delivery));
  const ends: Heard[] = [];
  for (const [at, by] of leaver.entries()) ends.push(await follow(by, `leaver ${at}`, room, cut));

  let most = Number.POSITIVE_INFINITY;
  const own: { readonly id: string; readonly offset: number }[] = [];
  const counts = new Map<Person, number>();
  const write = async (by: Person) => {
    for (let count = 1; count <= most; count++) {
      const id = nextId();
      const answer = await by.send(room, `message ${count}`, id).catch((error: { code: number }) => error);
      if ('offset' in answer && !leaver.includes(by)) delivery.acknowledged(id, answer.offset);
      if ('offset' in answer && leaver.includes(by)) own.push({ id, offset: answer.offset });
      if ('code' in answer && leaver.includes(by) && answer.code === 103) return;
      counts.set(by, count);
    }
  };
  const writers = [owner, member, ...leaver];
  const writing = Promise.all(writers.map(write));
  writing.catch(() => undefined); // when the test has failed before
  const written = (of: readonly Person[], count: number) =>
    until(`each has written ${count} messages`, () => of.every(by => (counts.get(by) ?? 0) >= count), {
      state: () => [...counts.values()],
    });
  await written(writers, SOME);
  const { cv } = await around(() => moderator.act('room.kick', { room, user: leaver[0].user }));
  await until('everybody has the kick', () => [...others, ...ends].every(({ kick }) => kick !== undefined));
  await until('the member is out', () => ends.every(({ ended }) => ended !== undefined));
  await written([owner, member], Math.max(...[owner, member].map(by => counts.get(by) ?? 0)) + SOME);
  most = 0;
  await writing;

  const kick = others[0]?.kick ?? 0;
  for (const heard of [...others, ...ends]) assert.equal(heard.kick, kick);
  for (const { offsets, ended = 0 } of ends) {
    assert.equal(offsets.at(-1), kick, 'the kick is the last that the member gets');
    assert.ok(ended < FINAL_BELOW, `${ended} is final`);
  }
  for (const { id, offset } of own) if (offset < kick) delivery.acknowledged(id, offset);
  await until('the others have everything', () => delivery.complete(), { state: () => delivery.state() });
  assert.deepEqual(delivery.verdict(), FLAWLESS);
  const before = delivery.received('owner').filter(({ offset }) => offset < kick);
  for (const at of leaver.keys()) assert.deepEqual(cut.received(`leaver ${at}`), before);

  // What the member wrote behind the kick is shown nowhere, and nothing more is taken.
  const late = new Set(own.filter(({ offset }) => offset > kick).map(({ id }) => id));
  for (const name of Object.keys(staying))
    assert.ok(
      delivery.received(name).every(({ id }) => !late.has(id)),
      `${name} got a message that does not count`,
    );
  for (const by of Object.values(staying)) {
    const { items } = await by.act('message.list', { room, limit: 100 });
    assert.deepEqual(
      items.filter(({ id }) => late.has(id)),
      [],
      'message.list',
    );
    const { publications } = await by.sdk.history(room, { limit: -1 });
    const found = publications.filter(({ data }) => late.has((by.value(data) as Body).id ?? ''));
    assert.deepEqual(found, [], 'history');
    assert.equal((await by.act('room.get', { room })).cv, cv);
  }
  for (const by of leaver) {
    assert.equal(await by.code('message.send', { room, text: 'still here' }), 103);
    assert.equal(await by.code('message.list', { room }), 103);
    await assert.rejects(by.sdk.history(room, { limit: 10 }), { code: 103 });
  }
}
