import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, openClient } from '../../tools/support/sdk.ts';
import { epochSeconds, tokenFor } from '../../tools/support/token.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const backends = await startBackends({ after });

for (const build of BUILDS) {
  test(`${build}: an expiry in milliseconds connects, and no new token is asked for`, async t => {
    const { gateways } = await startCluster(t, backends);
    let asked = 0;
    const token = await tokenFor('alice', { exp: Date.now() + 3_600_000 });
    const client = await openClient(t, gateways[0].url, {
      build,
      sdk: {
        token,
        getToken: async () => {
          asked += 1;
          return token;
        },
      },
    });
    await client.connected();
    await client.send('channel:far', 'hello');
    assert.equal(asked, 0);
  });

  test(`${build}: a client whose token is not valid yet asks for another one and connects`, async t => {
    const { gateways } = await startCluster(t, backends);
    let asked = 0;
    const client = await openClient(t, gateways[0].url, {
      build,
      sdk: {
        token: '',
        getToken: () => {
          asked += 1;
          return tokenFor('alice', { nbf: epochSeconds() + (asked === 1 ? 60 : 2) });
        },
      },
    });
    await client.connected();
    assert.equal(asked, 2);
  });
}

for (const build of BUILDS) {
  test(`${build}: a subscription with a token of its own ends with 108 and is not tried again`, async t => {
    const { gateways } = await startCluster(t, backends);
    const client = await openClient(t, gateways[0].url, { build });
    let asked = 0;
    const subscription = client.sdk.newSubscription('channel:own', {
      getToken: async () => {
        asked += 1;
        return await tokenFor('alice', { channel: 'channel:own' });
      },
    });
    const ended = new Promise<number>(resolve => subscription.on('unsubscribed', ({ code }) => resolve(code)));
    subscription.subscribe();
    assert.equal(await ended, 108);
    await client.send('channel:own', 'the connection goes on');
    assert.deepEqual([asked, subscription.state], [1, 'unsubscribed']);
  });
}
