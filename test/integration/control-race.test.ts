import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { startNats } from '../../tools/local/nats.ts';
import { startNatsCluster } from '../../tools/local/nats-cluster.ts';
import { until } from '../../tools/support/until.ts';
import { raceForVersions } from '../support/chat/control-race.ts';
import { natsLog } from '../support/chat/nats-log.ts';

const one = await startNats();
after(() => one.close());
const three = await startNatsCluster();
after(() => three.close());

const VERSIONS = 200;
const RACERS = 20;

test('one server: of all who publish a version of a room at the same moment one wins, and the others learn its offset', async t => {
  const { log, another } = await natsLog(t, one);
  const logs = [log, await another(), await another()];
  await raceForVersions({ logs, room: 'group:one', versions: VERSIONS, racers: RACERS });
});

test('three servers: the same, while their leader ends and comes back', async t => {
  const { log, another, write, names } = await natsLog(t, three, { CHAT_STREAM_REPLICAS: '3' });
  const logs = [log, await another(), await another()];
  const jsm = await jetstreamManager(write, { checkAPI: false });
  const leader = () =>
    until('LOG has a leader', async () => {
      const info = await jsm.streams.info(names.logStream(0)).catch(() => null);
      return info?.cluster?.leader ? three.member(info.cluster.leader) : null;
    });
  const first = await leader();
  const trouble: Record<number, () => unknown> = { 70: () => first.kill(), 140: () => first.start() };
  await raceForVersions({
    logs,
    room: 'group:three',
    versions: VERSIONS,
    racers: RACERS,
    before: cv => trouble[cv]?.(),
  });
  assert.notEqual((await leader()).name, '');
});
