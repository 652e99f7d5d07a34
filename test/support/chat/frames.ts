import { once } from 'node:events';
import type { TestContext } from 'node:test';
import WebSocket from 'ws';
import { until } from '../../../tools/support/until.ts';

/** A bare WebSocket in JSON, for what no SDK would send. */
export interface Frames {
  /** Frames that came, in order, heartbeats left out. */
  readonly received: readonly string[];
  /** Heartbeats that came. */
  pings(): number;
  send(frame: string | Uint8Array): void;
  /** Resolves with the reply to a command. */
  reply(id: number): Promise<{ readonly [name: string]: unknown }>;
  /** Resolves when the server has closed. */
  closed(): Promise<{ readonly code: number; readonly reason: string }>;
}

export interface FramesOptions {
  readonly subprotocol?: string;
  /** True to answer heartbeats. Default true. */
  readonly pong?: boolean;
}

export async function openFrames(t: TestContext, url: string, options: FramesOptions = {}): Promise<Frames> {
  const { subprotocol, pong = true } = options;
  const socket = subprotocol === undefined ? new WebSocket(url) : new WebSocket(url, subprotocol);
  const received: string[] = [];
  let pings = 0;
  const closed = new Promise<{ code: number; reason: string }>(resolve => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  socket.on('message', data => {
    const text = data.toString();
    if (text !== '{}') {
      received.push(text);
      return;
    }
    pings += 1;
    if (pong) socket.send('{}');
  });
  socket.on('error', () => undefined);
  t.after(() => socket.terminate());
  await once(socket, 'open');
  return {
    received,
    pings: () => pings,
    send: frame => socket.send(frame),
    reply: id =>
      until(
        `command ${id} is answered`,
        () => received.map(text => JSON.parse(text) as { readonly id?: number }).find(reply => reply.id === id),
        { ms: 10_000, state: () => received },
      ),
    closed: () => closed,
  };
}
