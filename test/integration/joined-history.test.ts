import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, nextId } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';
import { type Person, person } from '../support/chat/person.ts';

const backends = await startBackends({ after });
const CIRCLES = {
  CHAT_ROOM_RULES: '{"circle":{"access":"Members","join":"Anyone","create":"Anyone","history":"Joined"}}',
};

interface Body {
  readonly text?: string;
}

/** Texts of a room by each way to read it: all of history, the newest page, and a subscription that recovers from the beginning. */
async function readings(reader: Person, room: string, epoch: string) {
  const textsOf = (publications: readonly { readonly data: unknown }[]) =>
    publications.flatMap(({ data }) => (reader.value(data) as Body).text ?? []);
  const subscription = reader.sdk.newSubscription(room, { since: { offset: 1, epoch } });
  const recovered: { readonly data: unknown }[] = [];
  subscription.on('publication', publication => recovered.push(publication));
  const whole = new Promise<boolean>(resolve => subscription.on('subscribed', context => resolve(context.recovered)));
  subscription.subscribe();
  assert.equal(await whole, true);
  const history = await subscription.history({ limit: 100, since: { offset: 1, epoch } });
  const backward = await subscription.history({ limit: 100, reverse: true });
  const { items } = await reader.act('message.list', { room });
  subscription.unsubscribe();
  reader.sdk.removeSubscription(subscription);
  return {
    history: textsOf(history.publications),
    backward: textsOf(backward.publications).reverse(),
    recovered: textsOf(recovered),
    list: items.map(({ text }) => text ?? ''),
  };
}

const everywhere = (...texts: readonly string[]) => ({
  history: texts,
  backward: texts,
  recovered: texts,
  list: texts,
});

for (const build of BUILDS)
  test(`${build}: who joins a room with the history of members reads what is stored after it, and nothing from before or from while away`, async t => {
    const { gateways } = await startCluster(t, backends, { env: CIRCLES });
    const ann = await person(t, gateways[0].url, 'ann', { build });
    const bob = await person(t, gateways[1].url, 'bob', { build });
    const { room } = await ann.act('room.create', { kind: 'circle', name: 'Tea' });
    const { epoch } = await ann.send(room, 'before');
    const send = async (text: string) => {
      const of = nextId();
      return { target: (await ann.send(room, text, of)).offset, of };
    };
    const early = await send('directly before');
    await bob.act('room.join', { room });
    assert.deepEqual(await readings(bob, room, epoch), everywhere());
    await ann.send(room, 'directly after');
    const late = await send('after');
    assert.deepEqual(await readings(bob, room, epoch), everywhere('directly after', 'after'));
    assert.deepEqual(
      await readings(ann, room, epoch),
      everywhere('before', 'directly before', 'directly after', 'after'),
    );

    // A message from before is not there, also if its name is known.
    assert.deepEqual((await bob.act('message.get', { room, ids: [early, late] })).items.length, 1);
    const around = await bob.act('message.list', { room, around: early.target });
    assert.deepEqual(
      around.items.map(({ text }) => text),
      ['directly after', 'after'],
    );

    const subscription = await bob.subscribe(room);
    const heard: string[] = [];
    subscription.on('publication', ({ data }) => heard.push((bob.value(data) as Body).text ?? ''));
    await bob.act('room.leave', { room });
    await until('the subscription is ended', () => subscription.state === 'unsubscribed');
    await ann.send(room, 'while away');
    assert.equal(await bob.code('message.list', { room }), 103);
    await assert.rejects(bob.sdk.history(room, { limit: 100 }), { code: 103 });
    bob.sdk.removeSubscription(subscription);

    await bob.act('room.join', { room });
    assert.deepEqual(await readings(bob, room, epoch), everywhere());
    await ann.send(room, 'after the return');
    assert.deepEqual(await readings(bob, room, epoch), everywhere('after the return'));
    assert.deepEqual(
      heard.filter(text => text !== ''),
      [],
    );
  });
