import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ResultOf } from '../../client/verbs.ts';
import { readEntry } from '../../server/fold/entry.ts';
import { RoomFold } from '../../server/fold/room-fold.ts';
import { startBackends } from '../../tools/support/backends.ts';
import { BUILDS, type Client, nextId, openClient } from '../../tools/support/sdk.ts';
import { until } from '../../tools/support/until.ts';
import { startCluster } from '../support/chat/local-chat.ts';

const USERS = 100;
/** Reactions of each user: every one of them says on or off, all at the same time. */
const EACH = 4;
/** Lowest code of the server's: those below are the SDK's, such as a timeout. */
const FIRST_SERVER_CODE = 100;
const EMOJI = '👍';
/** Users that a page names for one emoji, beside the caller. */
const NAMED = 10;

const cluster = await startCluster({ after }, await startBackends({ after }));
const [first, second] = cluster.gateways;

interface Publication {
  readonly offset?: number;
  readonly data: unknown;
  readonly info?: { readonly user: string };
  readonly tags?: Readonly<Record<string, string>>;
}

/** Room as one device shows it, folded from the publications that it got. */
class Device {
  readonly #client: Client;
  readonly #fold = new RoomFold();
  top = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  take({ offset = 0, data, info, tags }: Publication): void {
    this.top = Math.max(this.top, offset);
    const stamped = { type: tags?.['type'] ?? '', offset, user: info?.user ?? '' };
    const entry = readEntry(stamped, this.#client.value(data));
    if (entry) this.#fold.add(entry);
  }

  /** Users with the emoji on the first message. */
  users(): string[] {
    const [message] = this.#fold.messages();
    return message?.reactions.find(({ emoji }) => emoji === EMOJI)?.users.map(({ user }) => user) ?? [];
  }
}

for (const build of BUILDS)
  test(`${build}: ${USERS} users switch a reaction on and off at once: its count is the set of users, on every device`, async t => {
    const room = `channel:race-${build}`;
    const author = await openClient(t, first.url, { build, user: 'author' });
    const of = nextId();
    const { offset: target, epoch } = await author.send(room, 'vote', of);

    // Two tabs of one user, on two gateways.
    const tabs: Client[] = [];
    const devices: Device[] = [];
    for (const { url } of [first, second]) {
      const tab = await openClient(t, url, { build, user: 'user-0' });
      const device = new Device(tab);
      const subscription = await tab.subscribe(room);
      const history = await subscription.history({ limit: -1 });
      for (const publication of history.publications) device.take(publication);
      subscription.on('publication', publication => device.take(publication));
      tabs.push(tab);
      devices.push(device);
    }
    const others = await Promise.all(
      Array.from({ length: USERS - 1 }, (_, index) =>
        openClient(t, (index % 2 ? first : second).url, { build, user: `user-${index + 1}` }),
      ),
    );
    const clients = [
      ...tabs.map(client => ({ client, user: 'user-0' })),
      ...others.map((client, index) => ({ client, user: `user-${index + 1}` })),
    ];

    /** The reaction that counts of each user: the one with the highest offset. */
    const last = new Map<string, { readonly at: number; readonly on: boolean }>();
    const react = async ({ client, user }: (typeof clients)[number], on: boolean) => {
      const params = { room, id: nextId(), target, of, emoji: EMOJI, on };
      // Sent again with its id while the answer is late or temporary, as clients do: it is stored once.
      const answer = await until(
        'a reaction is acknowledged',
        () =>
          client.rpc('message.react', params).catch(({ code, temporary }) => {
            assert.ok(code < FIRST_SERVER_CODE || temporary, `code ${code}`);
            return null;
          }),
        { ms: 120_000 },
      );
      const { offset } = answer as { readonly offset: number };
      if ((last.get(user)?.at ?? 0) < offset) last.set(user, { at: offset, on });
    };
    await Promise.all(
      clients.flatMap((by, index) => Array.from({ length: EACH }, (_, round) => react(by, (index + round) % 2 === 0))),
    );

    const top = Math.max(...[...last.values()].map(({ at }) => at));
    await until('both tabs have the last reaction', () => devices.every(device => device.top >= top), {
      state: () => devices.map(device => device.top),
    });
    const expected = [...last].filter(([, { on }]) => on).map(([user]) => user);
    const later = new Device(author);
    let read = 0;
    for (;;) {
      const since = { offset: later.top, epoch };
      const { publications } = await author.sdk.history(room, { limit: 100, since });
      for (const publication of publications) later.take(publication);
      read += publications.length;
      if (publications.length === 0) break;
    }
    assert.equal(read, 1 + clients.length * EACH);
    for (const device of [...devices, later]) {
      const shown = device.users();
      assert.equal(new Set(shown).size, shown.length, 'no user is counted twice');
      assert.deepEqual(shown.toSorted(), expected.toSorted());
    }
    assert.deepEqual(devices[0]?.users(), devices[1]?.users());

    const { items } = (await author.rpc('message.list', { room })) as ResultOf<'message.list'>;
    const [counted] = items[0]?.reactions ?? [];
    assert.equal(counted?.n, expected.length);
    assert.ok((counted?.users.length ?? 0) <= Math.min(NAMED, expected.length));
  });
