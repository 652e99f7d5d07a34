import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { names } from '../../server/bus/names.ts';
import { presenceBus } from '../../server/bus/presence-bus.ts';
import { startMongo } from '../../tools/local/mongo.ts';
import { startNats } from '../../tools/local/nats.ts';
import { openClient } from '../../tools/support/sdk.ts';
import { LONG_TEXTS, startCluster } from '../support/chat/local-chat.ts';

const nats = await startNats({ maxPayload: 16_384 });
after(() => nats.close());
const mongo = await startMongo();
after(() => mongo.close());
const ROOM = 'channel:r';
const facts = (error: unknown) => {
  const { code, temporary, message } = error as { code: number; temporary?: boolean; message: string };
  return { code, temporary: temporary === true, message };
};

test('a message above what NATS takes answers 107 with the limit, and the next one is stored', async t => {
  const { gateways } = await startCluster(t, { nats, mongo }, { env: LONG_TEXTS });
  const client = await openClient(t, gateways[0].url);
  const refused = client.send(ROOM, 'x'.repeat(20_000)).catch(facts);
  const publish = client.publish(ROOM, 'x'.repeat(15_000)).catch(facts);
  const next = client.send(ROOM, 'x'.repeat(14_000));
  const expected = { code: 107, temporary: false, message: 'a message must have at most 14336 bytes' };
  assert.deepEqual(await refused, expected);
  assert.deepEqual(await publish, expected);
  assert.equal((await next).duplicate, false);
});

test('a message above what its stream takes answers 107', async t => {
  const { gateways } = await startCluster(
    t,
    { nats, mongo },
    {
      env: { CHAT_INSTANCE: 'payload', CHAT_PARTITIONS: '1' },
    },
  );
  const connection = await connect({ servers: nats.url });
  t.after(() => connection.close());
  const manager = await jetstreamManager(connection);
  await manager.streams.update(names('payload').logStream(0), { max_msg_size: 1_000 });
  const client = await openClient(t, gateways[0].url);
  const answer = await client.send(ROOM, 'x'.repeat(5_000)).catch(facts);
  assert.deepEqual(answer, {
    code: 107,
    temporary: false,
    message: 'the stream refuses the message: message size exceeds maximum allowed',
  });
});

test('what gateways say to each other counts as lost when NATS refuses it, and ends no process', async () => {
  const connection = await connect({ servers: nats.url });
  const bus = presenceBus(connection, names('presence'));
  const large = 'x'.repeat(20_000);
  const heard: string[] = [];
  bus.onBeat(text => heard.push(text));
  bus.beat(large);
  bus.announce(ROOM, large);
  bus.ask('gateway', large, () => assert.fail('it was answered')).stop();
  bus.beat('next');
  await connection.flush();
  assert.deepEqual(heard, ['next']);
  await connection.close();
  bus.beat('late');
});
