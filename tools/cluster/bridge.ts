/**
 * Carries TCP connections from the host into the cluster: bridge.ts HOST PORT, HOST an address or a name in the
 * cluster's DNS, which is asked for each connection, since a Service made anew has another address. It runs in the
 * cluster's network namespace and is handed a listening socket of the host, which stays the host's. Started by
 * {@link ./forward.ts} only.
 */
import { Resolver } from 'node:dns';
import { connect, createServer, type LookupFunction, type Server } from 'node:net';
import { NETWORK } from './layout.ts';

const [, , host, port, life] = process.argv;
if (host === undefined || port === undefined || process.send === undefined) process.exit(2);

const resolver = new Resolver();
resolver.setServers([NETWORK.dns]);
const lookup: LookupFunction = (name, options, done) => {
  resolver.resolve4(name, (error, addresses) => {
    const found = addresses?.map(address => ({ address, family: 4 })) ?? [];
    if (error || options.all) done(error, found);
    else done(null, found[0]?.address ?? '', 4);
  });
};

const server = createServer({ allowHalfOpen: true, noDelay: true }, outer => {
  const inner = connect({ host, lookup, port: Number(port), allowHalfOpen: true, noDelay: true });
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
