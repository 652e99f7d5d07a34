import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { inboxOf, repeatedIn } from '../support/chat/inbox-of.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { type Person, person } from '../support/chat/person.ts';

const backends = await startBackends({ after });

interface Kick {
  readonly offset: number;
  readonly user: string;
}

/** Follows a room. `kicks` are those that came, `ends` the codes with which the subscription ended. */
async function follow(reader: Person, room: string, kicked: (kick: Kick) => void = () => undefined) {
  const subscription = await reader.subscribe(room);
  const kicks: Kick[] = [];
  const ends: number[] = [];
  subscription.on('publication', ({ offset = 0, data }) => {
    const { act, user = '' } = reader.value(data) as { readonly act?: string; readonly user?: string };
    if (act !== 'kick') return;
    kicks.push({ offset, user });
    kicked({ offset, user });
  });
  subscription.on('unsubscribed', ({ code }) => void ends.push(code));
  return { kicks, ends };
}

for (const build of BUILDS)
  test(`${build}: the gateway that acts is killed as soon as the act is stored: it counts once, at one offset, and its user is told once`, async t => {
    const cluster = await startCluster(t, backends);
    const [first, second] = cluster.gateways;
    const third = await cluster.spawnGateway();
    const bob = await person(t, first.url, 'bob', { build });
    const eve = await person(t, second.url, 'eve', { build });
    const ann = await person(t, third.url, 'ann', { build });
    const { room } = await ann.act('room.create', { kind: 'group', members: ['bob', 'eve', 'dan'] });
    const bobs = await follow(bob, room);
    const eves = await follow(eve, room, () => third.process.kill());
    const id = nextId();
    const act = { room, id, user: 'bob' };
    const answer = ann.act('room.kick', act).catch(() => null);
    await until('bob is put out', () => bobs.ends.length > 0 && eves.kicks.length > 0);
    await answer;
    await until('the gateway is gone', () => !third.process.running());

    // The entry is the commit: others heed it before anything else has it.
    const [kick] = eves.kicks;
    assert.deepEqual([bobs.kicks, eves.kicks, bobs.ends], [[kick], [kick], [2100]]);
    assert.deepEqual(
      [await bob.code('room.get', { room }), await bob.code('message.send', { room, text: 'no' })],
      [103, 103],
    );
    const again = await person(t, first.url, 'ann', { build });
    // Of what was not answered the owner learns by the same id that it was done.
    assert.deepEqual(await again.act('room.kick', act), { cv: 2, duplicate: true });
    await until('POLICY has the version', async () => (await cluster.policy({ room }))?.cv === 2);
    const stored = () => cluster.collection('members').findOne({ room, user: 'bob' });
    await until('MongoDB has it', async () => (await stored())?.['state'] !== 'member', { state: stored });
    const told = async () => (await inboxOf(bob)).filter(each => each.act === 'kick');
    await until('bob is told', async () => (await told()).length > 0);

    // A later act in the room, and another worker: whatever is folded again tells nobody again.
    await cluster.stopWorker();
    await cluster.startWorker();
    await again.act('room.kick', { room, user: 'dan' });
    const dan = await person(t, second.url, 'dan', { build });
    await until('dan is told', async () => (await inboxOf(dan)).some(each => each.act === 'kick'));
    assert.equal((await told()).length, 1);
    for (const each of [bob, eve, dan, again]) assert.deepEqual(repeatedIn(await inboxOf(each)), []);
    const { publications } = await eve.sdk.history(room, { limit: 1_000 });
    const kicks = publications.filter(({ data }) => (eve.value(data) as { act?: string }).act === 'kick');
    assert.deepEqual(
      kicks.map(({ offset, data }) => [offset, (eve.value(data) as Kick).user]),
      [
        [kick?.offset, 'bob'],
        [eves.kicks.at(-1)?.offset, 'dan'],
      ],
    );
  });
