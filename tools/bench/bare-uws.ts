/**
 * The yardstick of the fan-out: nothing but uWebSockets. Every connection gets what any of them sends.
 */
import { App, us_socket_local_port } from 'uWebSockets.js';

const app = App();
app.ws('/*', {
  idleTimeout: 0,
  open: socket => {
    socket.subscribe('room');
  },
  message: (_, frame) => {
    app.publish('room', frame, false);
  },
});
app.listen('127.0.0.1', 0, socket => {
  if (socket) process.send?.({ port: us_socket_local_port(socket) });
});
