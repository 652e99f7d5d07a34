import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startLink } from '../support/chat/link.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });
const ROOM = 'channel:hall';

for (const build of BUILDS) {
  test(`${build}: who asked for it hears who comes, goes, and is lost with a gateway that was killed`, async t => {
    const cluster = await startCluster(t, backends);
    const gateway = await cluster.spawnGateway();
    const link = await startLink(t, gateway.port);
    const alice = await openClient(t, cluster.gateways[0].url, { build, user: 'alice' });
    const heard: string[] = [];
    const room = alice.sdk.newSubscription(ROOM, { joinLeave: true });
    room.on('join', ({ info }) => void heard.push(`+${info.user}`));
    room.on('leave', ({ info }) => void heard.push(`-${info.user}`));
    room.subscribe();
    await until('alice hears of herself', () => heard.includes('+alice'));

    const bob = await openClient(t, link.url, { user: 'bob' });
    const subscription = await bob.subscribe(ROOM);
    await until('bob comes', () => heard.includes('+bob'));
    subscription.unsubscribe();
    await until('bob goes', () => heard.includes('-bob'));

    const carol = await openClient(t, link.url, { user: 'carol' });
    await carol.subscribe(ROOM);
    await until('carol comes', () => heard.includes('+carol'));
    link.target(null);
    await gateway.process.kill();
    await until('carol is gone with her gateway', () => heard.includes('-carol'), { ms: 15_000 });
    assert.deepEqual(heard, ['+alice', '+bob', '-bob', '+carol', '-carol']);
  });
}
