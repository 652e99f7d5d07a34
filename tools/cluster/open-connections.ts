/**
 * `node tools/cluster/open-connections.ts HOST:PORT COUNT`: opens real client connections with development tokens and
 * holds them until Ctrl-C, so that an autoscaler has something to do. For the demo, or any chat with developmentSignIn.
 */
import { Centrifuge } from 'centrifuge';
import WebSocket from 'ws';
import { CLIENT_PATHS } from '../../server/contract/ports.ts';

/** A process may hold some 20,000 files, and the other side of each connection counts too. */
const MOST = 10_000;
const AT_ONCE = 16;
const REPORT_MS = 2_000;

const [, , at, wanted] = process.argv;
const count = Number(wanted);
if (at === undefined || !/^[^/]+:\d+$/.test(at) || !Number.isInteger(count) || count < 1 || count > MOST) {
  console.error(`usage: node tools/cluster/open-connections.ts HOST:PORT COUNT   COUNT: 1 to ${MOST}`);
  process.exit(2);
}

const clients: Centrifuge[] = [];
/** Gateway of each connection that is open. */
const served = new Map<Centrifuge, string>();
let stopping = false;

async function token(user: string): Promise<string> {
  const answer = await fetch(`http://${at}${CLIENT_PATHS.devToken}`, {
    method: 'POST',
    body: JSON.stringify({ user }),
  });
  if (!answer.ok) throw new Error(`no token from ${at}: HTTP ${answer.status}. Is developmentSignIn Enabled?`);
  return ((await answer.json()) as { token: string }).token;
}

async function open(number: number): Promise<void> {
  const user = `visitor-${number}`;
  const client = new Centrifuge(`ws://${at}${CLIENT_PATHS.websocket}`, {
    websocket: WebSocket,
    token: await token(user),
    getToken: () => token(user),
  });
  clients.push(client);
  client.on('connected', ({ data }) => served.set(client, (data as { gateway: string }).gateway));
  client.on('connecting', () => served.delete(client));
  client.on('disconnected', () => served.delete(client));
  client.on('error', () => undefined); // it retries, and the report shows what is missing
  client.connect();
  await client.ready();
}

function report(): void {
  const byGateway = new Map<string, number>();
  for (const gateway of served.values()) byGateway.set(gateway, (byGateway.get(gateway) ?? 0) + 1);
  const parts = [...byGateway].sort().map(([gateway, connections]) => `${gateway}: ${connections}`);
  console.log(`${served.size} of ${count} connections  ${parts.join('  ')}`);
}

process.once('SIGINT', () => {
  stopping = true;
  for (const client of clients) client.disconnect();
  process.exit(0);
});

let next = 0;
const lane = async () => {
  while (next < count && !stopping) await open(next++);
};
const timer = setInterval(report, REPORT_MS);
await Promise.all(Array.from({ length: AT_ONCE }, lane)).catch((error: Error) => {
  clearInterval(timer);
  console.error(error.message);
  process.exit(1);
});
console.log(`${count} connections are open. Ctrl-C closes them.`);
