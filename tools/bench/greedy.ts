import { tokenFor } from '../support/token.ts';
import { BenchClient } from './client.ts';
import type { GreedyJob } from './greedy-clients.ts';
import { memory, socketMemory } from './process-cost.ts';
import { answer, pidOf, type Row, type Setup, start, startSpine } from './setup.ts';

const CLIENTS = 150;
const ROOMS = 60;
const MESSAGES = 40;
const BYTES = 16_384;
const PAGES = 200;
const WRITERS = 8;
/** Longer than any socket that is being closed may linger. */
const WATCH_MS = 30_000;
const EVERY_MS = 250;
const MIB = 1024 * 1024;
/** The defaults of CHAT_SEND_BUFFER_TOTAL_BYTES and CHAT_TAIL_BYTES. */
const BUDGETS = (256 + 64) * MIB;

/** Memory of a gateway and its sockets under clients that ask for all messages and read none. */
export async function greedy(setup: Setup): Promise<Row[]> {
  const spine = await startSpine(setup);
  const rooms = Array.from({ length: ROOMS }, (_, index) => `channel:greedy-${index}`);
  await fill(setup, spine.url, rooms);
  const pid = pidOf(spine.gateway);
  const rssBefore = memory(pid).rss;
  const socketsBefore = socketMemory();
  const clients = start('tools/bench/greedy-clients.ts', {}, setup.teardown);
  clients.send({ url: spine.url, secret: setup.secret, clients: CLIENTS, rooms, pages: PAGES } satisfies GreedyJob);
  const asked = answer(clients);
  let rss = 0;
  let sockets = 0;
  let both = 0;
  for (let passed = 0; passed < WATCH_MS; passed += EVERY_MS) {
    await new Promise(resolve => setTimeout(resolve, EVERY_MS));
    const more = { rss: memory(pid).rss - rssBefore, sockets: socketMemory() - socketsBefore };
    rss = Math.max(rss, more.rss);
    sockets = Math.max(sockets, more.sockets);
    both = Math.max(both, more.rss + more.sockets);
  }
  await asked;
  for (const child of [clients, spine.gateway, spine.worker]) child.kill('SIGKILL');
  const mib = (bytes: number) => `${Math.round(bytes / MIB)} MiB`;
  return [
    { what: `${CLIENTS} clients that ask for all and read nothing, RSS at most`, measured: `+${mib(rss)}` },
    { what: 'kernel socket memory at most, both ends', measured: `+${mib(sockets)}` },
    { what: 'both at the same time, at most', measured: `+${mib(both)}`, goal: `at most ${mib(BUDGETS + 64 * MIB)}` },
  ];
}

async function fill(setup: Setup, url: string, rooms: readonly string[]): Promise<void> {
  const data = { text: 'x'.repeat(BYTES) };
  const left = rooms.flatMap(room => Array.from({ length: MESSAGES }, () => room));
  const write = async (_: unknown, index: number) => {
    const client = await BenchClient.open(url, 'chat', await tokenFor(`writer${index}`, {}, setup.secret));
    for (let channel = left.pop(); channel; channel = left.pop()) await client.command({ publish: { channel, data } });
    client.close();
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
}
