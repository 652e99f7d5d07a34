import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { killContainer } from '../../tools/cluster/kill.ts';
import { Delivery, FLAWLESS } from '../../tools/support/delivery.ts';
import { integer, pick, seeded } from '../../tools/support/random.ts';
import { nextId, record, sendSurely } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { clientOn, type PlacedClient, placedClient } from '../support/chat/placed-client.ts';
import { full } from '../support/depth.ts';
import { eventually, IN_NAMESPACE, kubeChat, NAMESPACE } from '../support/kube/kube-chat.ts';

/** The first one of them in CI: `chaos.test.ts` kills gateways in far more ways, in processes of the host. */
const SEEDS = [1, 2, 3];
const CLIENTS = 6;
const LANES = 3;
const MESSAGES_AFTER = 100;

const kube = await kubeChat({ after });
const foreign = kube.access.local === null && 'processes of another cluster are out of reach';

for (const seed of SEEDS) {
  const declare = seed === SEEDS[0] ? test : full;
  declare(
    `kill -9 of a gateway with publishes in flight loses, repeats and reorders nothing, seed ${seed}`,
    {
      skip: foreign,
    },
    async t => {
      const random = seeded(seed);
      const room = `channel:${nextId()}`;
      const delivery = new Delivery();
      const pods = await eventually('two gateways are ready', async () => {
        const found = await kube.gateways();
        return found.length >= 2 && found.every(pod => pod.status.containerStatuses?.[0]?.ready) ? found : null;
      });
      const victim = pick(random, pods);
      const name = victim.metadata.name;
      const restarts = victim.status.containerStatuses?.[0]?.restartCount ?? 0;
      const on = (user: string, here: boolean) =>
        clientOn(
          t,
          kube.url,
          { user, build: pick(random, ['json', 'protobuf']) },
          gateway => (gateway === name) === here,
        );
      const clients: PlacedClient[] = [await on('sender-0', true), await on('sender-1', false)];
      while (clients.length < CLIENTS)
        clients.push(await placedClient(t, kube.url, { user: `reader-${clients.length}` }));
      for (const [at, client] of clients.entries()) await record(client, `client ${at}`, room, delivery);

      let inFlight = 0;
      let interrupted = 0;
      clients[0]?.sdk.on('connecting', () => {
        interrupted = inFlight; // publishes nobody has answered
      });
      let acknowledged = 0;
      let enough = Number.POSITIVE_INFINITY;
      /** The victim's client sends one message after the other, so that some are always in flight. */
      const lane = async (client: PlacedClient, onVictim: boolean) => {
        while (acknowledged < enough) {
          inFlight += onVictim ? 1 : 0;
          await sendSurely(client, room, `seed ${seed}`, delivery);
          inFlight -= onVictim ? 1 : 0;
          acknowledged += 1;
          if (!onVictim) await delay(integer(random, 20));
        }
      };
      const lanes = clients
        .slice(0, 2)
        .flatMap((client, at) => Array.from({ length: LANES }, () => lane(client, at === 0)));
      const killAt = 10 + integer(random, 100);
      await until(`${killAt} messages are acknowledged`, () => acknowledged >= killAt);
      await killContainer(kube.access, { namespace: NAMESPACE, pod: name, container: 'gateway' }, 'KILL');
      await until('the connection of its client breaks', () => interrupted > 0);
      enough = acknowledged + MESSAGES_AFTER;
      await Promise.all(lanes);
      await eventually('every client has every message', async () => delivery.complete());
      assert.deepEqual(delivery.verdict(), FLAWLESS);

      const after = await eventually('the killed gateway is back', async () => {
        const status = (await kube.gateways()).find(pod => pod.metadata.name === name)?.status.containerStatuses?.[0];
        return status && status.restartCount === restarts + 1 && status.ready ? status : null;
      });
      assert.equal(after.lastState.terminated?.exitCode, 137);
      const log = await kube.access.kubectl(['logs', name, IN_NAMESPACE, '--container=gateway', '--previous']);
      assert.match(log, /gateway ready/);
      assert.doesNotMatch(log, /drain/i);
    },
  );
}
