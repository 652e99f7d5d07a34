import { oldId } from '../support/sdk.ts';
import { tokenFor } from '../support/token.ts';
import { until } from '../support/until.ts';
import { BenchClient } from './client.ts';
import { type Row, type Setup, startSpine } from './setup.ts';

const ROOMS = Array.from({ length: 12 }, (_, i) => `channel:away-${i}`);
const IN_EACH = 20;

/**
 * Time to the newest pages of 12 rooms without subscribers, one after the other, from the moment MongoDB is stopped, or
 * stops answering.
 */
export async function mongodbAway(setup: Setup): Promise<Row[]> {
  const { mongo } = setup;
  if (!mongo.controllable) return [];
  const spine = await startSpine(setup);
  const client = await BenchClient.open(spine.url, 'chat', await tokenFor('reader', {}, setup.secret));
  for (const channel of ROOMS)
    for (let sent = 0; sent < IN_EACH; sent++) await client.command({ publish: { channel, data: { sent } } });
  const page = async (channel: string) => {
    const answer = await client.command({ history: { channel, limit: 50, reverse: true } });
    const found = answer.split('"offset"').length - 2; // the room's own position has one too
    if (found < IN_EACH) throw new Error(`${found} of ${IN_EACH} messages of ${channel}`);
  };
  const measured = async () => {
    const times: number[] = [];
    for (const channel of ROOMS) {
      const began = performance.now();
      await page(channel);
      times.push(performance.now() - began);
    }
    const sum = times.reduce((total, ms) => total + ms, 0);
    return `${Math.round(Math.max(...times))} ms the slowest, ${Math.round(sum)} ms all`;
  };
  const rows: Row[] = [{ what: '12 newest pages, MongoDB answers', measured: await measured() }];
  const goal = 'under 1 s each';
  await mongo.stop();
  rows.push({ what: '12 newest pages, MongoDB stopped', measured: await measured(), goal });
  await mongo.start();
  // Only MongoDB knows an id this old.
  const lookUp = () =>
    client.command({ rpc: { method: 'message.send', data: { room: ROOMS[0], id: oldId(), text: 'late' } } });
  await until('MongoDB is found again', () =>
    lookUp().then(
      () => true,
      () => false,
    ),
  );
  mongo.signal('SIGSTOP');
  rows.push({ what: '12 newest pages, MongoDB silent', measured: await measured(), goal });
  mongo.signal('SIGCONT');
  client.close();
  for (const child of [spine.gateway, spine.worker]) child.kill('SIGKILL');
  return rows;
}
