import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { type Person, person } from '../support/chat/person.ts';

const backends = await startBackends({ after });

/** Answers of a member who is out, and of one who learns that the room has ended. */
const OVER: readonly number[] = [103, 410];

interface Body {
  readonly type?: string;
  readonly act?: string;
  readonly offset?: number;
  readonly id?: string;
}

/** Follows a room. @returns what came */
async function follow(by: Person, room: string): Promise<{ offset: number; body: Body }[]> {
  const subscription = await by.subscribe(room);
  const heard: { offset: number; body: Body }[] = [];
  subscription.on('publication', ({ offset = 0, data }) => heard.push({ offset, body: by.value(data) as Body }));
  return heard;
}

for (const build of BUILDS)
  test(`${build}: no message counts behind the end of a group, not on a gateway that learns of the end later either`, async t => {
    let losing = '';
    const { gateways } = await startCluster(t, backends, { dropLive: room => room === losing });
    const ann = await person(t, gateways[0].url, 'ann', { build });
    const bob = await person(t, gateways[1].url, 'bob', { build });
    const carl = await person(t, gateways[0].url, 'carl', { build });
    const { room } = await ann.act('room.create', { kind: 'group', members: ['bob', 'carl'] });
    const heard = await Promise.all([ann, bob, carl].map(by => follow(by, room)));
    const told = new Set<string>();
    for (const by of [bob, carl])
      by.sdk.on('publication', ({ channel, data }) => {
        const { type, id = '' } = by.value(data) as Body;
        if (channel === `user:${by.user}` && type === 'void') told.add(id);
      });
    const stored: { readonly offset: number; readonly id: string }[] = [];
    const refused: number[] = [];
    const write = async (by: Person) => {
      while (refused.length < 2) {
        const id = nextId();
        const answer = await by.send(room, 'on and on', id).catch((error: { readonly code: number }) => error);
        if ('offset' in answer) stored.push({ offset: answer.offset, id });
        else if (OVER.includes(answer.code)) return void refused.push(answer.code);
      }
    };
    const writing = Promise.all([bob, carl].map(write));
    await until('messages flow', () => stored.length > 20);
    losing = room;
    await ann.act('room.delete', { room });
    losing = '';
    await writing;

    const ofEnd = (entries: (typeof heard)[number]) => entries.find(({ body }) => body.act === 'delete')?.offset;
    await until('everybody has the end', () => heard.every(entries => ofEnd(entries) !== undefined));
    const end = ofEnd(heard[0] ?? []) ?? 0;
    for (const entries of heard) assert.equal(entries.at(-1)?.offset, end);
    const counted = stored.filter(({ offset }) => offset < end).map(({ id }) => id);
    for (const entries of heard) {
      const got = new Set(entries.map(({ body }) => body.id));
      assert.ok(counted.every(id => got.has(id)));
    }
    for (const by of [ann, bob, carl]) {
      for (const verb of ['message.list', 'room.get'] as const) assert.ok(OVER.includes(await by.code(verb, { room })));
      assert.ok(OVER.includes(await by.code('message.send', { room, text: 'anybody?' })));
      await assert.rejects(by.sdk.history(room, { limit: 1 }), ({ code }: { code: number }) => OVER.includes(code));
    }
    const late = stored.filter(({ offset }) => offset > end).map(({ id }) => id);
    await until('the author of each is told', () => late.every(id => told.has(id)), {
      state: () => ({ late, told: [...told] }),
    });
  });
