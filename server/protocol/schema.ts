/**
 * Names, numbers and types of all fields that the server reads. One table drives the decoders of JSON and of Protobuf.
 * A unit test keeps it equal to `client.proto`.
 */

/** Type of a field without parts. */
export type Scalar = 'string' | 'bool' | 'int32' | 'int64' | 'uint64' | 'bytes';

/** Type of a field. `map` maps strings to messages. A `message` without fields is only checked for presence. */
export type Kind = Scalar | { readonly message: Fields } | { readonly map: Fields };

/** Field of a message: `number` is that of Protobuf; in JSON the name is its key. */
export interface Field {
  readonly number: number;
  readonly kind: Kind;
}
/** Fields of a message by name. */
export type Fields = Readonly<Record<string, Field>>;

type Value<K> = K extends 'string'
  ? string
  : K extends 'bool'
    ? boolean
    : K extends 'bytes'
      ? Uint8Array | null
      : K extends { readonly message: infer F extends Fields }
        ? Values<F> | null
        : K extends { readonly map: infer F extends Fields }
          ? ReadonlyMap<string, Values<F>>
          : number;

/** A decoded message with all fields: a field that the client left out has its zero value. */
export type Values<F extends Fields> = { readonly [N in keyof F]: Value<F[N]['kind']> };

const subscribe = {
  channel: { number: 1, kind: 'string' },
  token: { number: 2, kind: 'string' },
  recover: { number: 3, kind: 'bool' },
  epoch: { number: 6, kind: 'string' },
  offset: { number: 7, kind: 'uint64' },
  join_leave: { number: 11, kind: 'bool' },
  delta: { number: 12, kind: 'string' },
  tf: { number: 13, kind: { message: {} } },
  flag: { number: 14, kind: 'int64' },
  type: { number: 15, kind: 'int32' },
} as const satisfies Fields;

const position = {
  offset: { number: 1, kind: 'uint64' },
  epoch: { number: 2, kind: 'string' },
} as const satisfies Fields;

const channelOnly = { channel: { number: 1, kind: 'string' } } as const satisfies Fields;

/** Requests by method, which is the name of their field in the message Command; `number` is the field's number. */
export const REQUESTS = {
  connect: {
    number: 4,
    fields: {
      token: { number: 1, kind: 'string' },
      subs: { number: 3, kind: { map: subscribe } },
      name: { number: 4, kind: 'string' },
      version: { number: 5, kind: 'string' },
    },
  },
  subscribe: { number: 5, fields: subscribe },
  unsubscribe: { number: 6, fields: channelOnly },
  publish: {
    number: 7,
    fields: { channel: { number: 1, kind: 'string' }, data: { number: 2, kind: 'bytes' } },
  },
  presence: { number: 8, fields: channelOnly },
  presence_stats: { number: 9, fields: channelOnly },
  history: {
    number: 10,
    fields: {
      channel: { number: 1, kind: 'string' },
      limit: { number: 7, kind: 'int32' },
      since: { number: 8, kind: { message: position } },
      reverse: { number: 9, kind: 'bool' },
    },
  },
  send: { number: 12, fields: { data: { number: 1, kind: 'bytes' } } },
  rpc: {
    number: 13,
    fields: { data: { number: 1, kind: 'bytes' }, method: { number: 2, kind: 'string' } },
  },
  refresh: { number: 14, fields: { token: { number: 1, kind: 'string' } } },
  sub_refresh: {
    number: 15,
    fields: { channel: { number: 1, kind: 'string' }, token: { number: 2, kind: 'string' } },
  },
} as const satisfies Record<string, { readonly number: number; readonly fields: Fields }>;

/** Method of a command. */
export type Method = keyof typeof REQUESTS;
/** Decoded request of a method. */
export type Request<M extends Method> = Values<(typeof REQUESTS)[M]['fields']>;

/** Methods in the order of their numbers. If a command sets two, the first one counts. */
export const METHODS = Object.keys(REQUESTS) as readonly Method[];

/** Number of the field `id` in Command and Reply. */
export const ID = 1;
