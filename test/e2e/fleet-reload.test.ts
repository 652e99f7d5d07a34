import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ERRORS } from '../../server/protocol/codes.ts';
import { nextId } from '../../tools/support/sdk.ts';
import { SECRET, tokenFor } from '../../tools/support/token.ts';
import { movingClients } from '../support/chat/moving-clients.ts';
import { clientOn, placedClient } from '../support/chat/placed-client.ts';
import { full } from '../support/depth.ts';
import { eventually, IN_NAMESPACE, kubeChat } from '../support/kube/kube-chat.ts';
import { ownChat } from '../support/kube/own-chat.ts';
import { underway } from '../support/kube/scenario.ts';

const kube = await kubeChat({ after });
const OWN_SECRET = 'fleet-reload-auth';
const secretIs = (secret: string) =>
  kube.access.kubectl(
    ['apply', '--server-side', '--force-conflicts', IN_NAMESPACE, '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: OWN_SECRET }, stringData: { secret } }),
  );
await secretIs(SECRET);
after(async () => {
  await kube.access.kubectl(['delete', 'secret', OWN_SECRET, IN_NAMESPACE, '--ignore-not-found']);
});
const chat = await ownChat({ after }, kube, 'fleet-reload', {
  auth: { secretRef: { name: OWN_SECRET }, secretGraceSeconds: 0 },
});

const skip = kube.unbalanced;
const state = async () => (await chat.pods()).map(({ uid, restarts }) => `${uid} ${restarts}`).sort();

test('limits, room kinds and the log level reach gateways without a restart', { skip }, async t => {
  const before = await chat.settled(2);
  const was = await state();
  const clients = await movingClients(t, chat.url, { clients: 20 });
  const one = await placedClient(t, chat.url);
  const room = `dm:${nextId()}`;
  await assert.rejects(one.subscribe(room), 'the kind is not there yet');
  const long = 'x'.repeat(3_000);
  await one.send(`channel:${nextId()}`, long);

  await underway(t, chat, clients, 0, async () => {
    await chat.patch({
      spec: {
        limits: { maxMessageBytes: 2_000 },
        rooms: { kinds: ['channel', 'dm'].map(name => ({ name, access: 'Open' })) },
        gateway: { logLevel: 'Debug' },
      },
    });
    for (const { name } of before) {
      const client = await clientOn(t, chat.url, {}, at => at === name);
      await eventually(`${name} has the new room kind`, () => client.send(room, 'here').catch(() => null));
      await eventually(`${name} refuses a long message`, () =>
        client.send(`channel:${nextId()}`, long).then(
          () => false,
          (error: { readonly code: number }) => error.code === ERRORS.badRequest.code,
        ),
      );
      await eventually(`${name} logs at debug that it did`, async () => {
        const log = await kube.access.kubectl(['logs', name, IN_NAMESPACE, '--container=gateway']);
        return /"level":20.*at most 2000 bytes/.test(log);
      });
    }
  });
  assert.deepEqual(await state(), was);
});

full('a signing secret reaches gateways without a restart', { skip }, async t => {
  await chat.settled(2);
  const was = await state();
  const clients = await movingClients(t, chat.url, { clients: 20 });
  await underway(t, chat, clients, 0, async () => {
    const rotated = `${SECRET}-rotated`;
    await secretIs(rotated);
    await eventually(
      'tokens of the new secret are good',
      async () => {
        const token = await tokenFor('alice', {}, rotated);
        const client = await placedClient(t, chat.url, { sdk: { token } }).catch(() => null);
        return client !== null;
      },
      150_000,
    );
    await eventually('tokens of the old one are not', async () => {
      const refused = await placedClient(t, chat.url, { user: 'bob' }).then(
        () => false,
        () => true,
      );
      return refused;
    });
  });
  assert.deepEqual(await state(), was);
});
