import type { LoadAccess } from '../access/room-access.ts';
import type { Feature } from '../contract/features.ts';
import type { KindRules } from '../contract/room-kinds.ts';
import type { Bumps } from '../ephemeral/bumps.ts';
import type { Ephemeral } from '../ephemeral/ephemeral.ts';
import type { ContactDirectory } from '../membership/contacts.ts';
import type { DailyCounts } from '../membership/daily-counts.ts';
import type { RoomDirectory } from '../membership/directory.ts';
import type { MarkArchive } from '../membership/mark-archive.ts';
import type { MarkStore } from '../membership/mark-store.ts';
import { Marks } from '../membership/marks.ts';
import type { Pairs } from '../membership/pairs.ts';
import type { RoomStates, UserRooms } from '../membership/room-states.ts';
import type { Settings } from '../membership/settings.ts';
import type { UserArchive } from '../membership/user-archive.ts';
import type { UserStates } from '../presence/user-states.ts';
import { countingOf } from '../room/counting.ts';
import type { CountReader } from '../room/counts.ts';
import type { HistoryStore } from '../room/history-store.ts';
import type { RoomLog } from '../room/log.ts';
import type { Masks } from '../room/masks.ts';
import type { StoredMessage } from '../room/message.ts';
import type { RoomReader } from '../room/reader.ts';
import type { ViewReader } from '../room/views.ts';
import type { Config } from '../settings/config.ts';
import type { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import type { LoadMeter } from '../telemetry/load-meter.ts';
import type { MessageTrace } from '../telemetry/message-trace.ts';
import type { Clock, Clocks } from '../time/clock.ts';
import { Audience, type AudienceOptions } from './audience.ts';
import { FoldedRooms } from './folded-rooms.ts';
import { Hidden } from './hidden.ts';
import { LastMessages } from './last-messages.ts';
import { LatentRooms } from './latent-rooms.ts';
import { Limits } from './limits.ts';
import { LinkTokens } from './link-tokens.ts';
import { LookUps } from './look-ups.ts';
import { Messages, type MessagesOptions } from './messages.ts';
import { Receipts } from './receipts.ts';
import { ReportedTime } from './reported-time.ts';
import { SealedCursors } from './sealed-cursors.ts';
import { Targets } from './targets.ts';
import { Typing } from './typing.ts';
import { UnreadCounts } from './unread-counts.ts';

/** Services of a chat, for callers of any kind. None of them knows a connection. */
export interface Chat {
  /** True if all gateways end subscriptions, and leave out entries, as control entries ask: not beside those of the release before. */
  readonly areCutsKept: () => Promise<boolean>;
  /** True if all gateways keep users apart of whom one has blocked the other: not beside those of the release before. */
  readonly areBlocksKept: () => Promise<boolean>;
  readonly clocks: Clocks;
  /** Read at each use, as it may change. */
  readonly config: Config;
  readonly access: LoadAccess;
  /** Rules of a room's kind, as they are now; undefined if the kind does not exist. */
  readonly kindOf: (room: string) => KindRules | undefined;
  /** Rules of all kinds by their names, as they are now, the inboxes' kind among them. */
  readonly kinds: () => ReadonlyMap<string, KindRules>;
  readonly limits: Limits;
  readonly messages: Messages;
  readonly lookUps: LookUps;
  readonly targets: Targets;
  readonly folded: FoldedRooms;
  readonly hidden: Hidden;
  /** Bytes that a connection may have to send: an answer has at most half of that. */
  readonly sendBufferBytes: number;
  readonly reportedTime: ReportedTime;
  readonly rooms: RoomStates;
  /** Counts an act on a room that is decided again, as another one was faster. */
  readonly raced: () => void;
  /** Partitions and their last offsets, for lists that are kept up to date. */
  readonly log: Pick<RoomLog, 'partitions' | 'partitionOf' | 'state' | 'tops' | 'purgedTops'>;
  readonly after: Clock['after'];
  /** Reads the offset of a room's last message in LOG, from the leader; 0 for none. */
  readonly top: RoomLog['top'];
  /**
   * Reads an entry of a room that was acknowledged, from LOG or MongoDB; null if it was erased.
   * @throws {ReadFailed} if LOG does not answer, {@link StoreUnavailable} if MongoDB is needed and does not
   */
  readonly entry: (room: string, offset: number) => Promise<StoredMessage | null>;
  readonly lasts: LastMessages;
  readonly latent: LatentRooms;
  readonly directory: RoomDirectory;
  /** Documents of users: their rooms. */
  readonly userRooms: UserRooms;
  /** Friends and blocks. */
  readonly pairs: Pairs;
  /** Lists of friends and blocked users. */
  readonly contacts: ContactDirectory;
  /** Counts of acts on strangers. */
  readonly daily: DailyCounts;
  /** Settings of users, such as who may add them to rooms. */
  readonly settings: Settings;
  /** Profiles of users. */
  readonly users: Pick<UserArchive, 'profilesOf' | 'search'>;
  /** Offsets up to which users have read rooms. */
  readonly marks: Marks;
  readonly receipts: Receipts;
  /** Users of rooms, for features that kinds bound by `sizes`. */
  readonly audience: Audience;
  readonly unread: UnreadCounts;
  /** True if the last offset of a room is not below an offset, by the leader's word. @throws {ReadFailed} if NATS does not answer */
  readonly reaches: (room: string, offset: number) => Promise<boolean>;
  readonly links: LinkTokens;
  readonly cursors: SealedCursors;
  readonly typing: Typing;
  readonly ephemeral: Ephemeral;
  /** States of users, for those who watch them. */
  readonly states: Pick<UserStates, 'watch' | 'unwatch' | 'turned'>;
  /** Hints of new messages, for connections that ask for them. */
  readonly bumps: Pick<Bumps, 'follow' | 'turned'>;
}

export interface ChatOptions {
  readonly clocks: Clocks;
  /** Read at each use, as it may change. */
  readonly config: Config;
  readonly access: LoadAccess;
  /** See {@link Chat.areCutsKept}. */
  readonly areCutsKept: Chat['areCutsKept'];
  /** See {@link Chat.areBlocksKept}. */
  readonly areBlocksKept: Chat['areBlocksKept'];
  /** See {@link MessagesOptions.seen}. */
  readonly seen: MessagesOptions['seen'];
  readonly kindOf: Chat['kindOf'];
  readonly kinds: Chat['kinds'];
  readonly log: RoomLog;
  readonly store: HistoryStore & ViewReader;
  readonly counts: CountReader;
  /** One that does not leave out what is deleted. */
  readonly reader: RoomReader;
  readonly masks: Pick<Masks, 'of'>;
  readonly rooms: RoomStates;
  readonly userRooms: UserRooms;
  readonly pairs: Pairs;
  readonly contacts: ContactDirectory;
  readonly daily: DailyCounts;
  readonly settings: Settings;
  readonly users: Chat['users'];
  readonly markStore: MarkStore;
  readonly markArchive: MarkArchive;
  /** Timer of marks. */
  readonly after: Clock['after'];
  /** See {@link Chat.reaches}. */
  readonly reaches: Chat['reaches'];
  readonly directory: RoomDirectory;
  readonly ephemeral: Ephemeral;
  readonly states: Chat['states'];
  readonly bumps: Chat['bumps'];
  /** See {@link AudienceOptions.present}. */
  readonly present: AudienceOptions['present'];
  /** See {@link Overload.drops}. */
  readonly drops: (feature: Feature) => boolean;
  readonly metrics: GatewayMetrics;
  readonly meter: Pick<LoadMeter, 'published'>;
  readonly trace: MessageTrace;
}

/** Puts the services of one gateway together. */
export function chatOf({
  clocks,
  config,
  access,
  seen,
  areCutsKept,
  areBlocksKept,
  kindOf,
  kinds,
  log,
  store,
  counts,
  reader,
  masks,
  rooms,
  userRooms,
  pairs,
  contacts,
  daily,
  settings,
  users,
  markStore,
  markArchive,
  after,
  reaches,
  directory,
  ephemeral,
  states,
  bumps,
  present,
  drops,
  metrics,
  meter,
  trace,
}: ChatOptions): Chat {
  const limits = new Limits({ config, metrics, now: clocks.now });
  const counting = countingOf((room, offset) => rooms.upTo(room, offset));
  const folded = new FoldedRooms({ log, store, counting, now: clocks.now });
  const hidden = new Hidden({ log, store });
  const audience = new Audience({ kindOf, rooms, pairs, present });
  const receipts = new Receipts({ ephemeral, audience, settings, drops: () => drops('receipts') });
  const marks = new Marks({
    store: markStore,
    archive: markArchive,
    isArchiveQuiet: () => store.quiet(),
    raised: (key, mark) => receipts.raised(key, mark),
    now: clocks.now,
    after,
  });
  return {
    areCutsKept,
    areBlocksKept,
    clocks,
    config,
    access,
    kindOf,
    kinds,
    limits,
    messages: new Messages({ seen, clocks, config, log, limits, metrics, meter, trace }),
    lookUps: new LookUps({ log, store, now: clocks.now, limits: config }),
    targets: new Targets(reader, masks),
    folded,
    hidden,
    sendBufferBytes: config.sendBufferBytes,
    reportedTime: new ReportedTime(clocks),
    rooms,
    raced: () => metrics.races.inc(),
    log,
    after,
    top: room => log.top(room),
    entry: async (room, offset) => {
      const [last] = (await reader.before(room, offset + 1, 1)).messages;
      return last?.offset === offset ? last : null;
    },
    lasts: new LastMessages({ log, store, folded, hidden, counting }),
    latent: new LatentRooms(log),
    directory,
    userRooms,
    pairs,
    contacts,
    daily,
    settings,
    users,
    marks,
    receipts,
    audience,
    unread: new UnreadCounts({ log, store, counts, access, marks, hidden, pairs, counting }),
    reaches,
    links: new LinkTokens(config),
    cursors: new SealedCursors(config),
    states,
    bumps,
    typing: new Typing({ ephemeral, now: clocks.now, audience, drops: () => drops('typing') }),
    ephemeral,
  };
}
