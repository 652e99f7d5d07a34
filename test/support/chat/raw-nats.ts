import { on, once } from 'node:events';
import { connect } from 'node:net';
import type { Teardown } from '../../../tools/support/backends.ts';

/** A connection to a nats-server that checks nothing of what it sends, as clients in other languages do not. */
export interface RawNats {
  /** Resolves when the server has taken the message. @param headers the whole block, with its first line and its end */
  publish(subject: string, headers: string | Uint8Array, body: string | Uint8Array): Promise<void>;
}

export async function rawNats(t: Teardown, port: number): Promise<RawNats> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  t.after(() => void socket.destroy());
  socket.write('CONNECT {"headers":true,"verbose":false}\r\n');
  return {
    async publish(subject, headers, body) {
      const [block, bytes] = [Buffer.from(headers), Buffer.from(body)];
      const lengths = block.length > 0 ? `${block.length} ${block.length + bytes.length}` : `${bytes.length}`;
      const verb = block.length > 0 ? 'HPUB' : 'PUB';
      socket.write(
        Buffer.concat([Buffer.from(`${verb} ${subject} ${lengths}\r\n`), block, bytes, Buffer.from('\r\nPING\r\n')]),
      );
      for await (const [chunk] of on(socket, 'data')) if (String(chunk).includes('PONG')) return;
    },
  };
}
