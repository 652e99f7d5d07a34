import { Centrifuge, type ClientInfo, type PublicationContext, UnauthorizedError } from 'centrifuge';
import { callErrorOf } from './call-error.ts';
import type { Connection, Member, Publication, RoomHandlers, RoomLink, Transport } from './transport.ts';
import type { ParamsOf, ResultOf, VerbName } from './verbs.ts';

export interface CentrifugeOptions {
  /** WebSocket address, for example `wss://chat.example.org/connection/websocket`. */
  readonly url: string;
  /** Gets a fresh token. Throw {@link SignInRefused} if there will be none; after another error it is called again. */
  readonly getToken: () => Promise<string>;
  readonly onConnection: (connection: Connection) => void;
  /** Called with entries of the user's inbox, which the server subscribes. Default: they are left out. */
  readonly onInbox?: (publication: Publication) => void;
  /** Called with pushes to the user that belong to no room, unchecked. Default: they are left out. */
  readonly onMessage?: (data: unknown) => void;
}

/** Error for `getToken` to throw: the user gets no token, and the connection stops. */
export class SignInRefused extends UnauthorizedError {}

/** Close code after which the SDK stops, although a new token may help. */
const INVALID_TOKEN = 3500;

/** Transport over the official SDK, which keeps the connection, the subscriptions and their positions. */
export function centrifugeTransport(options: CentrifugeOptions): Transport {
  const client = new Centrifuge(options.url, { getToken: options.getToken, name: 'chatcluster-client' });
  client.on('connecting', ({ code, reason }) => options.onConnection({ phase: 'connecting', code, reason }));
  client.on('disconnected', ({ code, reason }) => {
    if (code === INVALID_TOKEN) client.setToken('');
    options.onConnection({ phase: 'disconnected', code, reason });
  });
  client.on('connected', ({ client: id, data }) => {
    options.onConnection({
      phase: 'connected',
      client: id,
      gateway: textOf(data?.gateway),
      version: textOf(data?.version),
      time: typeof data?.time === 'number' ? data.time : null,
    });
  });
  // Publications of rooms come to their subscriptions: the inbox alone is subscribed by the server.
  client.on('publication', context => options.onInbox?.(publicationOf(context)));
  client.on('message', ({ data }) => options.onMessage?.(data));
  return {
    connect: () => client.connect(),
    disconnect: () => client.disconnect(),
    call: <V extends VerbName>(verb: V, params: ParamsOf<V>) =>
      answered(client.rpc(verb, params).then(reply => reply.data as ResultOf<V>)),
    join: (room, handlers) => join(client, room, handlers),
  };
}

function join(client: Centrifuge, room: string, handlers: RoomHandlers): RoomLink {
  const subscription = client.newSubscription(room, { positioned: true, recoverable: true, joinLeave: true });
  subscription.on('subscribed', ({ streamPosition, recovered }) =>
    handlers.subscribed(streamPosition ?? { offset: 0, epoch: '' }, recovered),
  );
  subscription.on('subscribing', () => handlers.interrupted());
  subscription.on('unsubscribed', ({ code, reason }) => handlers.ended(code, reason));
  subscription.on('publication', context => handlers.publication(publicationOf(context)));
  subscription.on('join', ({ info }) => handlers.joined(memberOf(info)));
  subscription.on('leave', ({ info }) => handlers.left(memberOf(info)));
  subscription.subscribe();
  return {
    history: request =>
      answered(
        subscription.history(request).then(({ publications, offset, epoch }) => ({
          publications: publications.map(publicationOf),
          top: { offset, epoch },
        })),
      ),
    presence: () => answered(subscription.presence().then(({ clients }) => Object.values(clients).map(memberOf))),
    countUsers: () => answered(subscription.presenceStats().then(({ numUsers }) => numUsers)),
    close() {
      subscription.removeAllListeners();
      client.removeSubscription(subscription);
    },
  };
}

async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (thrown) {
    throw callErrorOf(thrown);
  }
}

const memberOf = (info: ClientInfo): Member => ({ user: info.user, client: info.client });

const publicationOf = ({ offset, data, info, tags }: PublicationContext): Publication => ({
  offset: offset ?? 0,
  data: data as unknown,
  sender: info ? memberOf(info) : null,
  type: tags?.['type'] ?? null,
});

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
