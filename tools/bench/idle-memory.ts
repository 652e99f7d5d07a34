import { connectionCost } from './connection-cost.ts';
import { pidOf, type Row, type Setup, startSpine } from './setup.ts';
import { startSocketIo } from './socket-io-server.ts';

const CONNECTIONS = 10_000;
const KIB = 1024;

/** Memory of 10,000 connections of as many users, each signed in and subscribed to its inbox. */
export async function idleMemory(setup: Setup): Promise<Row[]> {
  const clients = CONNECTIONS;
  const spine = await startSpine(setup);
  const ours = await connectionCost(setup, pidOf(spine.gateway), { url: spine.url, dialect: 'chat', clients });
  for (const child of [spine.gateway, spine.worker]) child.kill('SIGKILL');
  const socketIo = await startSocketIo(setup);
  const theirs = await connectionCost(setup, pidOf(socketIo.server), {
    url: socketIo.url,
    dialect: 'socket.io',
    clients,
  });
  socketIo.server.kill('SIGKILL');
  const each = (bytes: number) => `${(bytes / CONNECTIONS / KIB).toFixed(2)} KiB`;
  return [
    { what: `RSS a connection, ${CONNECTIONS} idle`, measured: each(ours.rss), goal: 'at most 8 KiB' },
    { what: 'PSS a connection', measured: each(ours.pss) },
    { what: 'kernel socket memory a connection, both ends', measured: each(ours.sockets) },
    { what: 'Socket.IO, RSS a connection', measured: each(theirs.rss) },
    { what: 'gateway over Socket.IO, RSS', measured: (ours.rss / theirs.rss).toFixed(2), goal: 'below 1' },
  ];
}
