import { pino } from 'pino';
import type { RoomState } from '../../../server/fold/room-state.ts';
import { readRoomState } from '../../../server/fold/room-state-json.ts';
import { partKey, readDocument } from '../../../server/membership/user-documents.ts';
import { controlOf } from '../../../server/room/control-lane.ts';
import { StoreUnavailable } from '../../../server/room/history-store.ts';
import type { Envelope, StoredMessage } from '../../../server/room/message.ts';
import type { FoldEntry } from '../../../server/worker/fold/fold.ts';
import { PolicyFold } from '../../../server/worker/state/policy-fold.ts';
import { RefusedWrites } from '../../../server/worker/state/refused-writes.ts';
import { ManualClock } from '../clocks/manual-clock.ts';
import type { publishControl } from './control-entries.ts';
import { created } from './control-log.ts';
import { MemoryLog } from './memory-log.ts';
import { MemoryPolicyStore } from './memory-policy.ts';
import { MemoryStore } from './memory-store.ts';

/** Room of the tests. */
export const ROOM = 'group:tea';
export type Act = Parameters<typeof publishControl>[3];
/** Creates {@link ROOM}. */
export const CREATE = created({ ann: 'owner', bob: 'member' }) as Act;

/** A worker that folds one partition of a log in memory. */
export async function policyFoldBench() {
  const log = new MemoryLog(new MemoryStore());
  const policy = new MemoryPolicyStore();
  const clock = new ManualClock();
  const archived = new Map<string, RoomState>();
  const parts = { archiveUp: true };
  const archive = async () => {
    if (!parts.archiveUp) throw new StoreUnavailable('switched off');
  };
  const rooms = [ROOM, 'user:ann', 'user:bob', 'user:eve', 'channel:open'];
  const entries = async (): Promise<StoredMessage[]> => {
    const pages = await Promise.all(rooms.map(room => log.readAfter(room, 0, 1_000)));
    return pages.flatMap(({ messages }) => messages).sort((a, b) => a.offset - b.offset);
  };
  const withoutBodies = (messages: readonly StoredMessage[]): FoldEntry[] =>
    messages.map(message => ({
      room: message.room,
      offset: message.offset,
      message: { ...message, body: new Uint8Array(0), storedAt: 0 },
    }));
  let refused = 0;
  const writes = new RefusedWrites({ refused: () => void refused++, clock, log: pino({ level: 'silent' }) });
  const make = () =>
    new PolicyFold({
      policy,
      archive: {
        room: async room => {
          await archive();
          return archived.get(room) ?? null;
        },
      },
      log: {
        body: async (_, offset) => (await entries()).find(message => message.offset === offset)?.body ?? null,
        controls: async (room, after) =>
          (await log.readAfter(room, after, 1_000)).messages.flatMap(message => controlOf(message) ?? []),
        publish: async (room: string, body: Uint8Array, envelope: Envelope) =>
          void (await log.publish(room, body, envelope)),
      },
      isStored: async () => true,
      waits: () => undefined,
      writes,
      logTime: async () => ({ now: clock.wallClock(), windowMs: Number.POSITIVE_INFINITY }),
      wallClock: () => clock.wallClock(),
    });
  const fold = make();
  let folded = 0;
  /** Folds what is new, or everything again. */
  const run = async (by = fold, again = false) => {
    for (let more = true; more; ) {
      const batch = (await entries()).filter(({ offset }) => again || offset > folded);
      again = false;
      more = batch.length > 0;
      folded = Math.max(folded, batch.at(-1)?.offset ?? 0);
      await by.apply(0, withoutBodies(batch));
    }
  };
  const inbox = async (user: string) =>
    (await log.readAfter(`user:${user}`, 0, 100)).messages.map(
      ({ body }) => JSON.parse(Buffer.from(body).toString()) as { type: string; act?: string; state?: string },
    );
  const state = async () => readRoomState((await policy.read({ room: ROOM }))?.value);
  const roomsOf = async (user: string) =>
    (await readDocument(async part => (await policy.read(partKey(user, part)))?.value)) ?? new Map();
  const refusals = () => refused;
  const bench = { log, policy, clock, archived, parts, fold, make, writes, refusals, run, inbox, state, roomsOf };
  return { ...bench, entries, withoutBodies, rooms };
}
