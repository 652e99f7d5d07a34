import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Delivery, type Verdict } from '../../../tools/support/delivery.ts';
import { BUILDS, type Client, nextId, openClient, record, sendSurely } from '../../../tools/support/sdk.ts';
import { until } from '../../../tools/support/until.ts';

export interface MovingOptions {
  /** Clients that receive; the publishers come on top and receive too. */
  readonly clients: number;
  /** Clients beside them that only hold a connection. Default 0. */
  readonly idle?: number;
  /** Milliseconds between two messages of one publisher. Default 100. */
  readonly everyMs?: number;
}

/** Experience of a crowd of clients, as they counted it. */
export interface Course {
  readonly clients: number;
  readonly messages: number;
  /** Reconnects of the client that had the most. */
  readonly mostMoves: number;
  /** Clients that reconnected at all. */
  readonly moved: number;
  /** Most reconnects of all clients within one second. */
  readonly peakPerSecond: number;
  readonly verdict: Verdict;
}

/** Clients of the official SDK that follow one room, in which two of them publish all the time, whatever happens. */
export interface MovingClients {
  /** Time at which the first connection since the start ended, by `performance.now()`; undefined if none has. */
  firstEnd(): number | undefined;
  /** Connections now, by gateway. */
  spread(): ReadonlyMap<string, number>;
  /** Clients that reconnected at all. */
  moved(): number;
  /** Waits until as many more messages are acknowledged. */
  messages(more: number): Promise<void>;
  /** Ends the publishing, waits until everyone has every message, and tells. */
  finish(): Promise<Course>;
}

const PUBLISHERS = 2;
const AT_ONCE = 16;
const SECOND_MS = 1_000;

/** Counts of one client. */
interface Tracked {
  moves: number;
  gateway: string;
}

/** After a refused sign-in, which the SDK takes for final, an application tries again. */
const AGAIN_MS = 1_000;

/** Counts every connection of a client beyond its first. @returns a view of it that goes on */
function track(client: Client, ends: number[], reconnects: number[], isOver: () => boolean): Tracked {
  const seen: Tracked = { moves: -1, gateway: '' };
  client.sdk.on('connected', ({ data }) => {
    seen.moves += 1;
    seen.gateway = (client.value(data) as { readonly gateway: string }).gateway;
    if (seen.moves > 0) reconnects.push(performance.now());
  });
  client.sdk.on('connecting', () => {
    seen.gateway = '';
    if (seen.moves >= 0) ends.push(performance.now());
  });
  client.sdk.on('disconnected', () => {
    if (!isOver()) setTimeout(() => (isOver() ? undefined : client.sdk.connect()), AGAIN_MS);
  });
  return seen;
}

/** The most of `times` within any one second. */
export function peakPerSecond(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [at, time] of sorted.entries()) {
    while (time - (sorted[first] ?? 0) >= SECOND_MS) first += 1;
    most = Math.max(most, at - first + 1);
  }
  return most;
}

/** Connects clients and starts to publish. They go with the test. */
export async function movingClients(t: TestContext, url: string, options: MovingOptions): Promise<MovingClients> {
  const room = `channel:${nextId()}`;
  const delivery = new Delivery();
  const ends: number[] = [];
  const reconnects: number[] = [];
  const tracked: Tracked[] = [];
  const publishers: Client[] = [];
  const followers = options.clients + PUBLISHERS;
  const total = followers + (options.idle ?? 0);
  let opened = 0;
  let over = false;
  let publishing = true;
  t.after(() => {
    over = true;
    publishing = false;
  });
  const lane = async () => {
    while (opened < total) {
      const at = opened++;
      const client = await openClient(t, url, { user: `user-${at}`, build: BUILDS[at % BUILDS.length] ?? 'json' });
      tracked.push(track(client, ends, reconnects, () => over));
      if (at < PUBLISHERS) publishers.push(client);
      await client.connected();
      if (at < followers) await record(client, `client ${at}`, room, delivery);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));

  let messages = 0;
  const publish = async (client: Client) => {
    while (publishing) {
      await sendSurely(client, room, 'on the move', delivery);
      messages += 1;
      await delay(options.everyMs ?? 100);
    }
  };
  const published = publishers.map(publish);
  const moved = () => tracked.filter(({ moves }) => moves > 0).length;
  const more = async (count: number) => {
    const enough = messages + count;
    await until(`${count} more messages are acknowledged`, () => messages >= enough, { ms: 120_000 });
  };
  await more(1);
  return {
    firstEnd: () => ends[0],
    spread: () => {
      const counts = new Map<string, number>();
      for (const { gateway } of tracked) if (gateway !== '') counts.set(gateway, (counts.get(gateway) ?? 0) + 1);
      return counts;
    },
    moved,
    messages: more,
    async finish() {
      await more(5); // also after the last move
      publishing = false;
      await Promise.all(published);
      await until('every client has every message', () => delivery.complete(), {
        ms: 60_000,
        pollMs: 200,
        state: () => delivery.state(),
      });
      return {
        clients: total,
        messages,
        mostMoves: Math.max(...tracked.map(({ moves }) => moves)),
        moved: moved(),
        peakPerSecond: peakPerSecond(reconnects),
        verdict: delivery.verdict(),
      };
    },
  };
}
