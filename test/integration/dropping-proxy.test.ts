import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { freePort } from '../../tools/local/child.ts';
import type { Teardown } from '../../tools/support/backends.ts';
import { until } from '../../tools/support/until.ts';
import { droppingProxy } from '../support/proxy/dropping-proxy.ts';

/** A server that tells each client its address. */
async function server(t: Teardown): Promise<string> {
  const listener = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  t.after(() => listener.close());
  await once(listener, 'listening');
  const address = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  listener.on('connection', socket => socket.send(address));
  return address;
}

test('the proxy closes the connections of a gateway that left, after its delay, and of no other', async t => {
  const [stays = '', leaves = '', returns = ''] = await Promise.all([server(t), server(t), server(t)]);
  const ports = await Promise.all(Array.from({ length: 6 }, freePort));
  const proxy = await droppingProxy(t, { delaySeconds: 2, ports, through: [] });
  const open = new Map<string, number>([stays, leaves, returns].map(address => [address, 0]));
  const connect = async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/`);
    t.after(() => socket.terminate());
    const [data] = await once(socket, 'message');
    const address = String(data);
    open.set(address, (open.get(address) ?? 0) + 1);
    socket.on('close', () => open.set(address, (open.get(address) ?? 0) - 1));
    return address;
  };
  await proxy.lead([stays, leaves, returns]);
  const reached = async (gateways: readonly string[]) => {
    const left = new Set(gateways);
    const tried = async () => {
      left.delete(await connect().catch(() => ''));
      return left.size === 0;
    };
    await until('all are reached', tried);
  };
  await reached([stays, leaves, returns]);

  await proxy.lead([stays, leaves]);
  await proxy.lead([stays, leaves, returns]);
  await reached([returns]);
  await proxy.lead([stays, returns]);
  const before = new Map(open);
  const after = await Promise.all(Array.from({ length: 20 }, connect));
  assert.ok(!after.includes(leaves), 'a new connection led to a gateway that had left');
  assert.equal(open.get(leaves), before.get(leaves), 'its connections are closed later, not at once');

  await until('its connections are closed', () => open.get(leaves) === 0);
  assert.deepEqual(proxy.dropped(), [leaves]);
  assert.equal((open.get(stays) ?? 0) + (open.get(returns) ?? 0), sum(before, stays, returns) + after.length);
});

const sum = (counts: ReadonlyMap<string, number>, ...keys: readonly string[]) =>
  keys.reduce((total, key) => total + (counts.get(key) ?? 0), 0);
