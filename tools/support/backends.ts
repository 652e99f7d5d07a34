import { type LocalMongo, startMongo } from '../local/mongo.ts';
import { type LocalNats, startNats } from '../local/nats.ts';

/** Registry of what ends something: a test context, or `{ after }` of node:test for a whole file. */
export interface Teardown {
  after(end: () => void | Promise<void>): void;
}

export interface Backends {
  readonly nats: LocalNats;
  readonly mongo: LocalMongo;
}

/** Addresses of the backends of a ChatCluster in the tests. */
export interface BackendAddresses {
  readonly nats: { readonly url: string };
  readonly mongo: { readonly uri: string };
}

/** A real nats-server and MongoDB (or its stand-in), shared by the tests of a file: each test takes a cluster of its own. */
export async function startBackends(t: Teardown): Promise<Backends> {
  const nats = await startNats();
  t.after(() => nats.close());
  const mongo = await startMongo();
  t.after(() => mongo.close());
  return { nats, mongo };
}
