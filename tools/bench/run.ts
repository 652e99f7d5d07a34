/**
 * `npm run bench`: the numbers that the project holds itself to, as ratios within one run. Fails when fewer messages
 * arrive than were sent, never because of a time.
 */
import { randomBytes } from 'node:crypto';
import { startMongo } from '../local/mongo.ts';
import { startNats } from '../local/nats.ts';
import { beside } from './beside.ts';
import { fanOutCost } from './fan-out-cost.ts';
import { folds } from './folds.ts';
import { greedy } from './greedy.ts';
import { idleMemory } from './idle-memory.ts';
import { largeRoom } from './large-room.ts';
import { memberMemory } from './member-memory.ts';
import { mongodbAway } from './mongodb-away.ts';
import { operatorCapacity } from './operator-capacity.ts';
import { publishLatency } from './publish-latency.ts';
import { quietDrain } from './quiet-drain.ts';
import { roomLists } from './room-lists.ts';
import type { Setup } from './setup.ts';
import { Teardown } from './setup.ts';
import { threeServers } from './three-servers.ts';

const wanted = process.argv.slice(2);
const BENCHES = {
  'idle-memory': idleMemory,
  'member-memory': memberMemory,
  'fan-out': fanOutCost,
  'publish-latency': publishLatency,
  greedy,
  'quiet-drain': quietDrain,
  'three-servers': threeServers,
  'mongodb-away': mongodbAway,
  folds,
  'operator-capacity': operatorCapacity,
  'large-room': largeRoom,
  'room-lists': roomLists,
  beside,
} as const;

const teardown = new Teardown();
try {
  const nats = await startNats();
  teardown.add(() => nats.close());
  const mongo = await startMongo();
  teardown.add(() => mongo.close());
  const setup: Setup = { nats, mongo, secret: randomBytes(24).toString('hex'), teardown };
  console.log('| what | measured | goal |\n| --- | --- | --- |');
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    for (const row of await bench(setup)) console.log(`| ${row.what} | ${row.measured} | ${row.goal ?? ''} |`);
  }
} finally {
  await teardown.run();
}
