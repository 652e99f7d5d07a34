/**
 * Socket.IO as its documentation starts it, with WebSocket alone: `node socket-io.ts BYTES PER_SECOND`; every connection
 * joins one room. Starts sending on the message `send`, which carries how many. Nothing is stored.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';

const [bytes = 200, perSecond = 50] = process.argv.slice(2).map(Number);
const http = createServer();
const io = new Server(http, { transports: ['websocket'] });
io.on('connection', socket => socket.join('room'));
http.listen(0, '127.0.0.1', () => process.send?.({ port: (http.address() as AddressInfo).port }));

process.on('message', ({ send }: { send: number }) => {
  let left = send;
  const timer = setInterval(() => {
    io.to('room').emit('push', { text: 'x'.repeat(Math.max(0, bytes - '{"text":""}'.length)) });
    left -= 1;
    if (left === 0) clearInterval(timer);
  }, 1000 / perSecond);
});
