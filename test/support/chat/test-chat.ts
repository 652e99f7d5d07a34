import { Policy } from '../../../server/access/policy.ts';
import type { LoadAccess } from '../../../server/access/room-access.ts';
import { type Chat, type ChatOptions, chatOf } from '../../../server/chat/chat.ts';
import { kindsOf } from '../../../server/contract/room-kind-options.ts';
import type { Ephemeral } from '../../../server/ephemeral/ephemeral.ts';
import { NO_ROOM } from '../../../server/fold/room-state.ts';
import { DailyCounts } from '../../../server/membership/daily-counts.ts';
import type { RoomDirectory } from '../../../server/membership/directory.ts';
import type { MarkArchive } from '../../../server/membership/mark-archive.ts';
import type { MarkStore } from '../../../server/membership/mark-store.ts';
import type { Pairs } from '../../../server/membership/pairs.ts';
import type { RoomStates, UserRooms } from '../../../server/membership/room-states.ts';
import type { Settings } from '../../../server/membership/settings.ts';
import type { HistoryStore } from '../../../server/room/history-store.ts';
import type { RoomLog } from '../../../server/room/log.ts';
import { Masks } from '../../../server/room/masks.ts';
import { roomReader } from '../../../server/room/reader.ts';
import type { ViewReader } from '../../../server/room/views.ts';
import { type Config, loadConfig } from '../../../server/settings/config.ts';
import { GatewayMetrics } from '../../../server/telemetry/gateway-metrics.ts';
import { noTrace } from '../../../server/telemetry/message-trace.ts';
import { type Clocks, systemClock } from '../../../server/time/clock.ts';
import { SECRET } from '../../../tools/support/token.ts';
import { MemoryContacts } from './memory-contacts.ts';
import { MemoryMarks } from './memory-marks.ts';
import { memoryPairs } from './memory-pairs.ts';
import { MemoryDirectory, MemoryPolicyStore, MemoryStates, MemoryUserRooms } from './memory-policy.ts';
import { memorySettings } from './memory-settings.ts';
import { MemoryUsers } from './memory-users.ts';

/** Options of a gateway that has neither NATS nor MongoDB. */
export const testConfig = (env: Readonly<Record<string, string>> = {}): Config =>
  loadConfig('gateway', {
    CHAT_INSTANCE: 'test',
    CHAT_NATS_URL: 'nats://none',
    CHAT_MONGODB_URI: 'mongodb://none',
    CHAT_AUTH_SECRET: SECRET,
    CHAT_PROCESS_NAME: 'gateway-0',
    ...env,
  });

/** Metrics of a gateway of which nothing is measured but what is counted. */
export function testMetrics(): GatewayMetrics {
  const zero = () => 0;
  return new GatewayMetrics({
    connections: zero,
    mostConnections: zero,
    subscriptions: zero,
    rooms: zero,
    tailBytes: zero,
    pagesReading: zero,
    sendBufferBytes: zero,
    closingSockets: zero,
    eventLoopLagMs: zero,
    draining: () => false,
    closing: () => false,
    natsUp: () => true,
    optionsRejected: zero,
    featuresLeftOut: zero,
  });
}

/** Parts of a chat that a test decides on. */
export interface TestChatParts {
  readonly clocks: Clocks;
  readonly config: Config;
  readonly access: LoadAccess;
  /** Default: the kinds of {@link config}. */
  readonly kindOf?: Chat['kindOf'];
  readonly log: RoomLog;
  readonly store: HistoryStore & ViewReader;
  /** Default: nothing is counted in it. */
  readonly counts?: ChatOptions['counts'];
  readonly metrics?: GatewayMetrics;
  /** Default: 0, nothing restricts anybody. */
  readonly seen?: ChatOptions['seen'];
  /** Default: all gateways keep cuts. */
  readonly areCutsKept?: Chat['areCutsKept'];
  /** Default: all gateways keep blocks. */
  readonly areBlocksKept?: Chat['areBlocksKept'];
  /** Default: what the log of one gateway says. */
  readonly rooms?: RoomStates;
  readonly userRooms?: UserRooms;
  /** Default: no acts of users on each other, and a place for them. */
  readonly pairs?: Pairs;
  /** Default: nobody has changed any, and a place for them. */
  readonly settings?: Settings;
  /** Default: nobody has a profile. */
  readonly users?: Chat['users'];
  /** Default: none, and a place for them. */
  readonly markStore?: MarkStore;
  /** Default: an empty one. */
  readonly markArchive?: MarkArchive;
  /** Default: the system's. */
  readonly after?: ChatOptions['after'];
  /** Default: an empty one. */
  readonly directory?: RoomDirectory;
  /** Default: loses all events. */
  readonly ephemeral?: Ephemeral;
  /** Default: nobody is there, and nobody watches. */
  readonly states?: Chat['states'];
  /** Default: nobody follows. */
  readonly bumps?: Chat['bumps'];
  /** Default: nothing is left out. */
  readonly drops?: ChatOptions['drops'];
  /** Default: nobody. */
  readonly present?: ChatOptions['present'];
}

/** The services of a chat, without connections and traces. */
export function testChat(parts: TestChatParts): Chat {
  const reader = roomReader(parts.log, parts.store, () => 1_000);
  const userRooms = new MemoryUserRooms();
  const policy = new MemoryPolicyStore();
  return chatOf({
    seen: () => 0,
    areCutsKept: async () => true,
    areBlocksKept: async () => true,
    drops: () => false,
    counts: { countedUpTo: async () => 0, countable: async () => [], mentioning: async () => [] },
    metrics: testMetrics(),
    kindOf: room => new Policy(kindsOf(parts.config)).kindOf(room),
    kinds: () => kindsOf(parts.config),
    rooms: new MemoryStates(parts.log, reader, userRooms),
    userRooms,
    pairs: memoryPairs(parts.clocks, policy),
    contacts: new MemoryContacts(),
    daily: new DailyCounts(policy, parts.clocks.wallClock),
    settings: memorySettings(parts.clocks, policy),
    users: new MemoryUsers(),
    markStore: new MemoryMarks(),
    markArchive: { read: async keys => keys.map(() => null) },
    after: systemClock.after,
    reaches: async (room, offset) => (await parts.log.top(room)) >= offset,
    directory: new MemoryDirectory(),
    ephemeral: { room: () => undefined, user: () => undefined },
    states: {
      watch: async (_, __, users) => users.map(user => ({ user, state: 'offline' })),
      unwatch: () => undefined,
      turned: () => undefined,
    },
    bumps: { follow: async () => undefined, turned: () => undefined },
    present: async () => [],
    ...parts,
    reader,
    masks: new Masks(parts.log, () => NO_ROOM),
    meter: { published: () => undefined },
    trace: noTrace,
  });
}
