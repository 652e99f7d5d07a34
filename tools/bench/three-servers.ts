import { startNatsCluster } from '../local/nats-cluster.ts';
import { storeBench, streamsReady } from '../support/store-bench.ts';
import { until } from '../support/until.ts';
import type { Row, Setup } from './setup.ts';

const MESSAGES = 400;
const KILL_AFTER = 100;
const ROOM = 'channel:three';

/** Messages through the end of the leader of three NATS servers: until when MongoDB has all of them. */
export async function threeServers({ mongo, teardown }: Setup): Promise<Row[]> {
  const t = { after: (end: () => unknown) => teardown.add(end) };
  const nats = await startNatsCluster();
  t.after(() => nats.close());
  const bench = await storeBench(t, { nats, mongo }, { CHAT_STREAM_REPLICAS: '3' });
  await streamsReady(await bench.worker());
  const { cluster } = await bench.jsm.streams.info(bench.names.logStream(0));
  const leader = nats.member(cluster?.leader ?? '');
  let longestMs = 0;
  const ids: string[] = [];
  for (let sent = 0; sent < MESSAGES; sent++) {
    if (sent === KILL_AFTER) await leader.kill();
    const id = crypto.randomUUID();
    const began = performance.now();
    const send = () => bench.publish(ROOM, id, { id, dedupe: id }).then(Boolean, () => false);
    await until('the message is acknowledged', send, { ms: 60_000 });
    longestMs = Math.max(longestMs, performance.now() - began);
    ids.push(id);
  }
  const acknowledged = performance.now();
  const missing = async () => {
    const stored = new Set(await bench.stored(ROOM));
    return ids.filter(id => !stored.has(id)).length;
  };
  await until('all are stored', async () => (await missing()) === 0, { ms: 120_000 });
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  return [
    {
      what: `three NATS servers, the leader killed: ${MESSAGES} messages, last acknowledgement to all stored`,
      measured: `${seconds(performance.now() - acknowledged)}, ${await missing()} lost`,
      goal: 'under 30 s, 0 lost',
    },
    {
      what: 'three NATS servers, the leader killed: longest wait for an acknowledgement',
      measured: seconds(longestMs),
    },
  ];
}
