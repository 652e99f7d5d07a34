import assert from 'node:assert/strict';
import { controlKey } from '../../../server/room/control-key.ts';
import { PublishFailed, ReadFailed, type RoomLog, type Stored } from '../../../server/room/log.ts';
import { until } from '../../../tools/support/until.ts';

/** A race for the versions of one room. */
export interface ControlRace {
  /** Gateways; racers are spread over them. */
  readonly logs: readonly RoomLog[];
  readonly room: string;
  readonly versions: number;
  /** Racers for each version. */
  readonly racers: number;
  /** Called before each version. */
  readonly before?: (cv: number) => unknown;
}

/**
 * Lets all racers publish each version of the room at the same moment; one that is not acknowledged publishes again, as gateways do.
 * Fails unless each version has one winner whose offset all racers learn.
 */
export async function raceForVersions({ logs, room, versions, racers, before }: ControlRace): Promise<void> {
  const pending: unknown[] = [];
  const won = new Map<number, number>();
  for (let cv = 1; cv <= versions; cv++) {
    pending.push(before?.(cv));
    const answers = await Promise.all(
      Array.from({ length: racers }, (_, racer) =>
        publishSurely(logs[racer % logs.length] ?? assert.fail(), room, cv, `${cv} ${racer}`),
      ),
    );
    const [{ offset } = assert.fail()] = answers;
    assert.deepEqual(new Set(answers.map(each => each.offset)), new Set([offset]), `offsets of version ${cv}`);
    assert.ok(answers.filter(({ duplicate }) => !duplicate).length <= 1, `winners of version ${cv}`);
    won.set(cv, offset);
  }
  await Promise.all(pending);
  // A server that came back a moment ago may lag, or answer with its mirror: callers ask again then.
  const log = logs[0] ?? assert.fail();
  const all = await until('LOG answers with all versions', async () => {
    const found = await versionsOf(log, room).catch((error: unknown) => {
      assert.ok(error instanceof ReadFailed, String(error));
      return [];
    });
    return found.length >= versions ? found : null;
  });
  assert.deepEqual(all, [...won]);
}

async function publishSurely(log: RoomLog, room: string, cv: number, id: string): Promise<Stored> {
  const envelope = {
    type: 'member',
    id,
    time: 0,
    user: 'a',
    client: 'c',
    traceparent: '',
    cv,
    seen: 0,
    targets: [],
  } as const;
  const publish = () =>
    log.publish(room, Buffer.from('{}'), { ...envelope, dedupe: controlKey(room, cv) }).catch((error: unknown) => {
      assert.ok(error instanceof PublishFailed, String(error));
      return null;
    });
  return await until(`version ${cv} is acknowledged`, publish);
}

/** Versions in the room's log, with their offsets. */
async function versionsOf(log: RoomLog, room: string): Promise<(readonly [number, number])[]> {
  const found: (readonly [number, number])[] = [];
  for (let after = 0; ; ) {
    const { messages, pending, reached } = await log.readAfter(room, after, 500);
    found.push(...messages.map(({ cv, offset }) => [cv, offset] as const));
    if (pending === 0) return found;
    after = reached;
  }
}
