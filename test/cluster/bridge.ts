/**
 * Carries TCP connections from the host into the cluster: bridge.ts ADDRESS PORT. It runs in the cluster's network
 * namespace and is handed a listening socket of the host, which stays the host's. Started by {@link ./forward.ts} only.
 */
import { connect, createServer, type Server } from 'node:net';

const [, , address, port, life] = process.argv;
if (address === undefined || port === undefined || process.send === undefined) process.exit(2);

const server = createServer({ allowHalfOpen: true, noDelay: true }, outer => {
  const inner = connect({ host: address, port: Number(port), allowHalfOpen: true, noDelay: true });
  outer.pipe(inner).pipe(outer);
  // An end is passed on by the pipes; a failure of one side is a reset for the other.
  outer.on('error', () => inner.destroy());
  inner.on('error', () => outer.resetAndDestroy());
  outer.on('close', () => inner.destroy());
  inner.on('close', () => outer.destroy());
});

process.once('message', (_, listening) => {
  server.listen(listening as Server, () => process.send?.('listening'));
});
process.once('disconnect', () => {
  if (life !== 'outlive') process.exit(0);
});
