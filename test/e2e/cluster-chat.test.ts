import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { nextId } from '../../tools/support/sdk.ts';
import { clientOn, placedClient } from '../support/chat/placed-client.ts';
import { eventually, kubeChat } from '../support/kube/kube-chat.ts';

const kube = await kubeChat({ after });

test('two clients on different gateways chat, and MongoDB has their messages', { skip: kube.unbalanced }, async t => {
  const room = `channel:${nextId()}`;
  const alice = await placedClient(t, kube.url, { user: 'alice', build: 'json' });
  const bob = await clientOn(t, kube.url, { user: 'bob', build: 'protobuf' }, gateway => gateway !== alice.gateway());
  const running = (await kube.gateways()).map(pod => pod.metadata.name);
  assert.ok(running.includes(alice.gateway()) && running.includes(bob.gateway()), `${running}`);

  const heard = { alice: [] as string[], bob: [] as string[] };
  for (const [name, client] of [['alice', alice] as const, ['bob', bob] as const]) {
    const subscription = await client.subscribe(room);
    subscription.on('publication', ({ data }) => {
      heard[name].push((client.value(data) as { readonly text: string }).text);
    });
  }
  const first = await alice.send(room, 'hello from alice');
  const second = await bob.send(room, 'hello from bob');
  const both = ['hello from alice', 'hello from bob'];
  await eventually('both have both messages', async () => heard.alice.length >= 2 && heard.bob.length >= 2);
  assert.deepEqual(heard, { alice: both, bob: both });

  const stored = await eventually('both are stored', async () => {
    const found = await kube.messages().find({ room }).sort({ offset: 1 }).toArray();
    return found.length >= 2 ? found : null;
  });
  assert.deepEqual(
    stored.map(message => [message['offset'], message['user']]),
    [
      [first.offset, 'alice'],
      [second.offset, 'bob'],
    ],
  );
});
