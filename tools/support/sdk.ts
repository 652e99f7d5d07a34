import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { Centrifuge as JsonSdk, type Options, type Subscription, type SubscriptionOptions } from 'centrifuge';
import { Centrifuge as ProtobufSdk } from 'centrifuge/build/protobuf';
import WebSocket from 'ws';
import { uuid7Source } from '../../client/uuid7.ts';
import type { Delivery } from './delivery.ts';
import { tokenFor } from './token.ts';
import { until } from './until.ts';

export type Build = 'json' | 'protobuf';
export const BUILDS: readonly Build[] = ['json', 'protobuf'];

export const nextId = uuid7Source(Date.now, length => randomBytes(length));

const HOUR_MS = 3_600_000;

/** A message id of an hour ago, as from a client whose clock is wrong, or that sends again after a long time. */
export const oldId = uuid7Source(
  () => Date.now() - HOUR_MS,
  length => randomBytes(length),
);

/** Answer of `message.send`. */
export interface SendResult {
  readonly offset: number;
  readonly epoch: string;
  readonly duplicate: boolean;
}

/** The official SDK in one of its builds, with payloads as values in both. */
export interface Client {
  readonly build: Build;
  readonly sdk: JsonSdk;
  /** Resolves when connected. @throws with the code and reason of a server that refuses */
  connected(): Promise<void>;
  /** Subscribes and resolves when subscribed. */
  subscribe(room: string, options?: Partial<SubscriptionOptions>): Promise<Subscription>;
  /** `message.send`; a new id unless one is given. */
  send(room: string, text: string, id?: string): Promise<SendResult>;
  publish(room: string, data: unknown): Promise<void>;
  rpc(method: string, data: unknown): Promise<unknown>;
  /** The value of a payload the SDK hands out. */
  value(payload: unknown): unknown;
}

export interface ClientOptions {
  readonly build?: Build;
  readonly user?: string;
  readonly sdk?: Partial<Options>;
}

/** A client of `url` that is disconnected when the test ends. It reconnects fast, so that tests are. */
export async function openClient(t: TestContext, url: string, options: ClientOptions = {}): Promise<Client> {
  const build = options.build ?? 'json';
  const settings: Partial<Options> = {
    websocket: WebSocket,
    token: await tokenFor(options.user ?? 'alice'),
    minReconnectDelay: 20,
    maxReconnectDelay: 200,
    ...options.sdk,
  };
  // Both builds have the same public face; only the types come from two files.
  const sdk = build === 'json' ? new JsonSdk(url, settings) : (new ProtobufSdk(url, settings) as unknown as JsonSdk);
  // Without a listener the SDK's emitter would throw.
  sdk.on('error', () => undefined);
  t.after(() => sdk.disconnect());
  const payload = (value: unknown) => (build === 'json' ? value : Buffer.from(JSON.stringify(value)));
  const value = (data: unknown): unknown =>
    build === 'json' ? data : (JSON.parse(Buffer.from(data as Uint8Array).toString('utf8')) as unknown);
  const rpc = async (method: string, data: unknown) => value((await sdk.rpc(method, payload(data))).data);
  let ended = '';
  sdk.on('disconnected', ({ code, reason }) => {
    ended = `disconnected with ${code} (${reason})`;
  });
  const ready = async () => {
    try {
      await sdk.ready(60_000);
    } catch (cause) {
      throw new Error(ended === '' ? 'not connected' : ended, { cause });
    }
  };
  sdk.connect();
  return {
    build,
    sdk,
    connected: ready,
    async subscribe(room, subscriptionOptions = {}) {
      const subscription = sdk.newSubscription(room, { minResubscribeDelay: 20, ...subscriptionOptions });
      subscription.on('error', () => undefined);
      subscription.subscribe();
      await subscription.ready(60_000);
      return subscription;
    },
    async send(room, text, id = nextId()) {
      return (await rpc('message.send', { room, id, text })) as SendResult;
    },
    async publish(room, data) {
      await sdk.publish(room, payload(data));
    },
    rpc,
    value,
  };
}

/** Subscribes to `room` and writes down every message it brings, under the client's name. */
export async function record(client: Client, name: string, room: string, delivery: Delivery): Promise<Subscription> {
  const got = delivery.client(name);
  const subscription = client.sdk.newSubscription(room, { minResubscribeDelay: 20, maxResubscribeDelay: 500 });
  subscription.on('error', () => undefined);
  subscription.on('publication', ({ data, offset }) => {
    const { id } = client.value(data) as { readonly id: string };
    got(id, offset ?? 0);
  });
  subscription.subscribe();
  await subscription.ready(60_000);
  return subscription;
}

/** Sends as an application does that wants it delivered: again, with the same id, until it is acknowledged. */
export async function sendSurely(client: Client, room: string, text: string, delivery: Delivery): Promise<SendResult> {
  const id = nextId();
  const result = await until(`${id} is acknowledged`, () => client.send(room, text, id).catch(() => null), {
    ms: 120_000,
  });
  delivery.acknowledged(id, result.offset);
  return result;
}
