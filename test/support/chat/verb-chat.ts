import { uuid7Source } from '../../../client/uuid7.ts';
import { Policy } from '../../../server/access/policy.ts';
import type { RoomAccess } from '../../../server/access/room-access.ts';
import type { Identity } from '../../../server/access/token.ts';
import type { Verb } from '../../../server/chat/verb.ts';
import { type Call, callVerb } from '../../../server/chat/verb.ts';
import type { Feature } from '../../../server/contract/features.ts';
import { kindsOf } from '../../../server/contract/room-kind-options.ts';
import type { RoomEvent, UserEvent } from '../../../server/ephemeral/event.ts';
import { ManualClock } from '../clocks/manual-clock.ts';
import { FreeCall } from './free-call.ts';
import { MemoryLog } from './memory-log.ts';
import { MemoryMarks } from './memory-marks.ts';
import { MemoryStore } from './memory-store.ts';
import { testChat, testConfig } from './test-chat.ts';

interface Rights {
  load: (access: RoomAccess, identity: Identity, room: string) => RoomAccess | Promise<RoomAccess>;
  seen: (identity: Identity, room: string) => number;
  /** False as beside a gateway of the release before. */
  kept: boolean;
  /** Features that an overloaded gateway leaves out. */
  leftOut: readonly Feature[];
}

/** A chat without connections, NATS and MongoDB, whose verbs a test calls. */
export function verbChat(env: Readonly<Record<string, string>> = {}) {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const log = new MemoryLog(store);
  const config = testConfig(env);
  const policy = new Policy(kindsOf(config));
  const loaded: string[] = [];
  /** Loads rights at once, unless a test puts another function here. */
  const rights: Rights = { load: access => access, seen: () => 0, kept: true, leftOut: [] };
  /** Ephemeral events so far. */
  const events: RoomEvent[] = [];
  const userEvents: UserEvent[] = [];
  /** Users of the connections in every room. */
  const present: string[] = [];
  const markStore = new MemoryMarks();
  const chat = testChat({
    clocks: { now: () => clock.now(), wallClock: () => clock.wallClock() },
    config,
    log,
    store,
    counts: store,
    access: (identity, room) => {
      loaded.push(room);
      return rights.load(policy.access(identity, room), identity, room);
    },
    seen: (identity, room) => rights.seen(identity, room),
    areCutsKept: async () => rights.kept,
    areBlocksKept: async () => rights.kept,
    drops: feature => rights.leftOut.includes(feature),
    ephemeral: {
      room: (room, data, except = []) => void events.push({ room, data, except }),
      user: (user, data) => void userEvents.push({ user, data }),
    },
    markStore,
    after: clock.after,
    present: async (_, most) => (present.length > most ? null : present),
  });
  /** Id made so many milliseconds ago. */
  const idOf = (ago = 0) =>
    uuid7Source(
      () => clock.wallClock() - ago,
      length => crypto.getRandomValues(new Uint8Array(length)),
    )();
  const call = (verb: Pick<Verb, 'prepare'>, params: unknown, caller: Call = new FreeCall()) =>
    callVerb(verb, caller, params, chat);
  /** Entries of a room, as readers get them. */
  const entriesOf = async (room: string) =>
    (await log.readAfter(room, 0, 1_000)).messages.map(({ offset, type, user, body }) => ({
      offset,
      type,
      user,
      data: JSON.parse(Buffer.from(body).toString('utf8')) as Readonly<Record<string, unknown>>,
    }));
  return {
    clock,
    store,
    log,
    policy,
    rights,
    loaded,
    events,
    userEvents,
    present,
    markStore,
    chat,
    idOf,
    call,
    entriesOf,
  };
}
