/**
 * The yardstick of the fan-out: nothing but uWebSockets and a timer. `node bare-uws.ts BYTES PER_SECOND`; every
 * connection gets every message. Starts sending on the message `send`, which carries how many.
 */
import { App, us_socket_local_port } from 'uWebSockets.js';

const [bytes = 200, perSecond = 50] = process.argv.slice(2).map(Number);
const app = App();
app.ws('/*', {
  idleTimeout: 0,
  open: socket => {
    socket.subscribe('room');
  },
});
app.listen('127.0.0.1', 0, socket => {
  if (socket) process.send?.({ port: us_socket_local_port(socket) });
});

process.on('message', ({ send }: { send: number }) => {
  const frame = Buffer.from(`{"push":"${'x'.repeat(bytes)}"}`);
  let left = send;
  const timer = setInterval(() => {
    app.publish('room', frame, false);
    left -= 1;
    if (left === 0) clearInterval(timer);
  }, 1000 / perSecond);
});
