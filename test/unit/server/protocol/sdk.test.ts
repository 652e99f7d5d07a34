import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Centrifuge as JsonSdk } from 'centrifuge';
import { Centrifuge as ProtobufSdk } from 'centrifuge/build/protobuf';
import type { ClientInfo, Codec, Publication, Reply, SubscribeResult } from '../../../../server/protocol/codec.ts';
import { ERRORS } from '../../../../server/protocol/codes.ts';
import { jsonCodec } from '../../../../server/protocol/json.ts';
import { protobufCodec } from '../../../../server/protocol/protobuf.ts';
import { integer, pick, seeded } from '../../../../tools/support/random.ts';

/** The encoder and decoder inside the official SDK. */
interface SdkCodec {
  encodeCommands(commands: readonly object[]): string | Uint8Array;
  decodeReplies(frame: string | Uint8Array): readonly object[];
}
function codecOf(sdk: object): SdkCodec {
  return (sdk as { readonly _codec: SdkCodec })._codec;
}

const utf8 = (text: string) => Buffer.from(text, 'utf8');
const TEXTS = ['', 'a', 'channel:lobby', '"\\\n', '房间', '👩‍👩‍👧', '__proto__', '\u2028', 'x'.repeat(300)];
const DATA = ['{"a" : 1}', 'null', '"\u2028"', '[1,2,{"b":"\\n"}]', '0.10'];
const OFFSETS = [0, 1, 127, 128, 2 ** 31, 2 ** 32, 2 ** 53 - 1];

/** A payload and a 64-bit number as each build of the SDK sees them, in one form. */
interface Build {
  readonly name: string;
  readonly ours: Codec;
  readonly sdk: SdkCodec;
  payload(text: string): unknown;
  seen(value: unknown): unknown;
}
const builds: readonly Build[] = [
  {
    name: 'JSON',
    ours: jsonCodec,
    sdk: codecOf(new JsonSdk('ws://127.0.0.1:1')),
    payload: text => JSON.parse(text) as unknown,
    seen: value => JSON.stringify(value),
  },
  {
    name: 'Protobuf',
    ours: protobufCodec,
    sdk: codecOf(new ProtobufSdk('ws://127.0.0.1:1')),
    payload: utf8,
    seen: value => JSON.stringify(JSON.parse(Buffer.from(value as Uint8Array).toString('utf8'))),
  },
];

type Seen = { readonly [name: string]: unknown };
const part = (value: unknown, name: string) => ((value as Seen | undefined)?.[name] ?? undefined) as Seen | undefined;
const text = (value: Seen | undefined, name: string) => String(value?.[name] ?? '');
const count = (value: Seen | undefined, name: string) => Number(value?.[name] ?? 0);
const yes = (value: Seen | undefined, name: string) => value?.[name] === true;

function randomInfo(random: () => number): ClientInfo {
  return { user: pick(random, TEXTS), client: pick(random, TEXTS) };
}
function randomPublication(random: () => number): Publication {
  const base = { data: utf8(pick(random, DATA)), offset: pick(random, OFFSETS) };
  return random() < 0.5 ? base : { ...base, info: randomInfo(random) };
}
function randomResult(random: () => number): SubscribeResult {
  const flag = () => random() < 0.5;
  return {
    recoverable: flag(),
    positioned: flag(),
    epoch: pick(random, TEXTS),
    offset: pick(random, OFFSETS),
    wasRecovering: flag(),
    recovered: flag(),
    publications: Array.from({ length: integer(random, 3) }, () => randomPublication(random)),
  };
}

function seenInfo(info: Seen | undefined): ClientInfo | undefined {
  return info && { user: text(info, 'user'), client: text(info, 'client') };
}
function seenPublication(build: Build, pub: Seen | undefined): object {
  return { data: build.seen(pub?.['data']), offset: count(pub, 'offset'), info: seenInfo(part(pub, 'info')) };
}
function sentPublication({ data, offset, info }: Publication): object {
  return { data: JSON.stringify(JSON.parse(Buffer.from(data).toString('utf8'))), offset, info };
}
function seenResult(build: Build, result: Seen | undefined): object {
  const publications = (result?.['publications'] ?? []) as readonly Seen[];
  return {
    recoverable: yes(result, 'recoverable'),
    positioned: yes(result, 'positioned'),
    epoch: text(result, 'epoch'),
    offset: count(result, 'offset'),
    wasRecovering: yes(result, 'was_recovering'),
    recovered: yes(result, 'recovered'),
    publications: publications.map(each => seenPublication(build, each)),
  };
}
function sentResult(result: SubscribeResult): object {
  return { ...result, publications: result.publications.map(sentPublication) };
}

for (const build of builds) {
  const { name, ours, sdk } = build;
  const read = (frame: string | Uint8Array) => {
    const [reply, ...more] = sdk.decodeReplies(frame);
    assert.equal(more.length, 0);
    return reply as Seen;
  };

  test(`${name}: the SDK reads 500 random subscribe results as they were meant`, () => {
    const random = seeded(11);
    for (let i = 1; i <= 500; i++) {
      const result = randomResult(random);
      const reply = read(ours.reply(i, { method: 'subscribe', ...result }));
      assert.equal(count(reply, 'id'), i);
      assert.deepEqual(seenResult(build, part(reply, 'subscribe')), sentResult(result));
    }
  });

  test(`${name}: the SDK reads random publications, joins and leaves as they were meant`, () => {
    const random = seeded(12);
    for (let i = 0; i < 500; i++) {
      const channel = pick(random, TEXTS);
      const publication = randomPublication(random);
      const push = part(read(ours.push({ type: 'publication', channel, publication })), 'push');
      assert.equal(text(push, 'channel'), channel);
      assert.deepEqual(seenPublication(build, part(push, 'pub')), sentPublication(publication));
      const type = pick(random, ['join', 'leave'] as const);
      const info = randomInfo(random);
      const moved = part(read(ours.push({ type, channel, info })), 'push');
      assert.deepEqual(seenInfo(part(part(moved, type), 'info')), info);
    }
  });

  test(`${name}: the SDK reads every other reply as it was meant`, () => {
    const random = seeded(13);
    const subs = new Map(
      TEXTS.filter(channel => channel !== '__proto__').map(channel => [channel, randomResult(random)]),
    );
    const connect: Reply = {
      method: 'connect',
      client: 'c',
      version: 'v',
      ttl: 2 ** 31,
      ping: 25,
      pong: true,
      time: 1_700_000_000_000,
      data: utf8('{"node":"n"}'),
      subs,
    };
    const seen = part(read(ours.reply(1, connect)), 'connect');
    assert.deepEqual(
      [text(seen, 'client'), text(seen, 'version'), yes(seen, 'expires'), count(seen, 'ttl'), count(seen, 'ping')],
      ['c', 'v', true, 2 ** 31, 25],
    );
    assert.deepEqual([yes(seen, 'pong'), count(seen, 'time')], [true, 1_700_000_000_000]);
    assert.equal(build.seen(seen?.['data']), '{"node":"n"}');
    const seenSubs = Object.entries((seen?.['subs'] ?? {}) as Record<string, Seen>);
    assert.deepEqual(
      new Map(seenSubs.map(([channel, result]) => [channel, seenResult(build, result)])),
      new Map([...subs].map(([channel, result]) => [channel, sentResult(result)])),
    );

    const presence = new Map([['c1', randomInfo(random)]]);
    const members = part(part(read(ours.reply(2, { method: 'presence', presence })), 'presence'), 'presence');
    assert.deepEqual(seenInfo(part(members, 'c1')), presence.get('c1'));

    const stats = part(read(ours.reply(3, { method: 'presence_stats', clients: 300, users: 2 })), 'presence_stats');
    assert.deepEqual([count(stats, 'num_clients'), count(stats, 'num_users')], [300, 2]);

    const publications = [randomPublication(random), randomPublication(random)];
    const history = part(read(ours.reply(4, { method: 'history', publications, epoch: 'e', offset: 9 })), 'history');
    assert.deepEqual([text(history, 'epoch'), count(history, 'offset')], ['e', 9]);
    const listed = (history?.['publications'] ?? []) as readonly Seen[];
    assert.deepEqual(
      listed.map(each => seenPublication(build, each)),
      publications.map(sentPublication),
    );

    const rpc = part(read(ours.reply(5, { method: 'rpc', data: utf8('{"offset":1}') })), 'rpc');
    assert.equal(build.seen(rpc?.['data']), '{"offset":1}');

    const refresh = part(read(ours.reply(6, { method: 'refresh', client: 'c', version: 'v', ttl: 60 })), 'refresh');
    assert.deepEqual([yes(refresh, 'expires'), count(refresh, 'ttl')], [true, 60]);

    const unsubscribed = part(
      part(read(ours.push({ type: 'unsubscribe', channel: 'r', code: 2500, reason: 'x' })), 'push'),
      'unsubscribe',
    );
    assert.deepEqual([count(unsubscribed, 'code'), text(unsubscribed, 'reason')], [2500, 'x']);

    for (const method of ['unsubscribe', 'publish', 'sub_refresh'] as const) {
      assert.equal(typeof part(read(ours.reply(7, { method })), method), 'object', method);
    }

    for (const code of Object.values(ERRORS)) {
      const error = part(read(ours.error(8, code)), 'error');
      assert.deepEqual(
        [count(error, 'code'), text(error, 'message'), yes(error, 'temporary')],
        [code.code, code.message, 'temporary' in code],
      );
    }
    assert.equal(count(read(ours.ping), 'id'), 0);
  });

  test(`${name}: commands of the SDK are read as they were meant, many to a frame`, () => {
    const data = build.payload('{"a":1}');
    const frame = sdk.encodeCommands([
      {
        id: 1,
        connect: { token: 't', name: 'js', version: '2', subs: { 'user:a': { recover: true, offset: 5, epoch: 'e' } } },
      },
      {
        id: 2,
        subscribe: {
          channel: '房间',
          token: 's',
          recover: true,
          offset: 2 ** 40,
          epoch: 'e',
          flag: 3,
          join_leave: true,
        },
      },
      { id: 3, subscribe: { channel: 'f', tf: { key: 'k', cmp: 'eq', val: 'v' } } },
      { id: 4, unsubscribe: { channel: 'a' } },
      { id: 5, publish: { channel: 'a', data } },
      { id: 6, presence: { channel: 'a' } },
      { id: 7, presence_stats: { channel: 'a' } },
      { id: 8, history: { channel: 'a', limit: -1, since: { offset: 2 ** 53 - 1, epoch: 'e' }, reverse: true } },
      { id: 9, rpc: { method: 'message.send', data } },
      { id: 10, refresh: { token: 't' } },
      { id: 2 ** 32 - 1, sub_refresh: { channel: 'a', token: 't' } },
      { send: { data } },
    ]);
    const commands = ours.decode(typeof frame === 'string' ? utf8(frame) : frame);
    const subscribe = { method: 'subscribe', token: '', recover: false, joinLeave: false, flag: 0, type: 0 };
    assert.deepEqual(commands, [
      {
        method: 'connect',
        id: 1,
        token: 't',
        name: 'js',
        version: '2',
        subs: new Map([['user:a', { recover: true, offset: 5, epoch: 'e' }]]),
      },
      {
        ...subscribe,
        id: 2,
        channel: '房间',
        token: 's',
        recover: true,
        position: { offset: 2 ** 40, epoch: 'e' },
        joinLeave: true,
        flag: 3,
        filtered: false,
      },
      { ...subscribe, id: 3, channel: 'f', position: { offset: 0, epoch: '' }, filtered: true },
      { method: 'unsubscribe', id: 4, channel: 'a' },
      { method: 'publish', id: 5, channel: 'a', data: utf8('{"a":1}') },
      { method: 'presence', id: 6, channel: 'a' },
      { method: 'presence_stats', id: 7, channel: 'a' },
      {
        method: 'history',
        id: 8,
        channel: 'a',
        limit: -1,
        since: { offset: 2 ** 53 - 1, epoch: 'e' },
        reverse: true,
      },
      { method: 'rpc', id: 9, name: 'message.send', data: utf8('{"a":1}') },
      { method: 'refresh', id: 10, token: 't' },
      { method: 'sub_refresh', id: 2 ** 32 - 1, channel: 'a', token: 't' },
      { method: 'send', data: utf8('{"a":1}') },
    ]);
  });
}

test('bytes that pass the check for plain JSON never make a second line of a JSON frame', () => {
  const random = seeded(14);
  const sdk = builds[0]?.sdk;
  assert.ok(sdk);
  for (let i = 0; i < 500; i++) {
    const publication = randomPublication(random);
    const frame = jsonCodec.push({ type: 'publication', channel: pick(random, TEXTS), publication });
    assert.ok(typeof frame === 'string' && !/[\r\n]/.test(frame), String(frame));
    assert.equal(sdk.decodeReplies(frame).length, 1);
  }
});
