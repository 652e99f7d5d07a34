import { inboxOf, inboxUser, isInbox } from '../access/names.ts';
import type { AudienceOptions } from '../chat/audience.ts';
import type { Chat } from '../chat/chat.ts';
import { Sight, type SightOptions } from '../chat/sight.ts';
import type { BumpBus } from '../ephemeral/bump-bus.ts';
import { Bumps } from '../ephemeral/bumps.ts';
import type { EphemeralBus } from '../ephemeral/bus.ts';
import { type Ephemeral, EphemeralLane } from '../ephemeral/ephemeral.ts';
import { LastSeen, type LastSeenOptions } from '../membership/last-seen.ts';
import type { Settings } from '../membership/settings.ts';
import type { JoinsBus, PresenceBus } from '../presence/bus.ts';
import { InvisibleUsers } from '../presence/invisible-users.ts';
import { Joins } from '../presence/joins.ts';
import { Presence } from '../presence/presence.ts';
import { shownTo } from '../presence/room-presence.ts';
import { UserStates } from '../presence/user-states.ts';
import { StatePushes } from '../presence/watching.ts';
import type { Codec, Encoding } from '../protocol/codec.ts';
import type { RoomControl } from '../room/control-lane.ts';
import { countingOf, type StateOf } from '../room/counting.ts';
import { fanOut, type PublishTopic } from '../room/fan-out.ts';
import { filteredReader } from '../room/filtered-reader.ts';
import type { HistoryStore } from '../room/history-store.ts';
import type { RoomLog } from '../room/log.ts';
import { maskedReader } from '../room/masked-reader.ts';
import { Masks } from '../room/masks.ts';
import { type RoomReader, roomReader } from '../room/reader.ts';
import type { RoomEvents } from '../room/room.ts';
import { Rooms } from '../room/rooms.ts';
import type { TailBudget } from '../room/tail.ts';
import type { SessionContext } from '../session/context.ts';
import type { Config } from '../settings/config.ts';
import type { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import type { Overload } from '../telemetry/overload.ts';
import type { Clock } from '../time/clock.ts';
import type { Part } from './part.ts';

export interface RoomsPartOptions {
  readonly config: Config;
  readonly log: RoomLog;
  readonly store: HistoryStore;
  readonly bus: PresenceBus & JoinsBus;
  readonly ephemeralBus: EphemeralBus;
  readonly bumpBus: BumpBus;
  readonly control: RoomControl;
  /** States of rooms, for what their staff's acts leave out of a read. */
  readonly stateOf: StateOf;
  /** Relations and settings by which users may see the states of others. */
  readonly people: SightOptions & { readonly settings: Pick<Settings, 'fresh'> };
  /** Places of the times at which users were seen last. */
  readonly marks: Pick<LastSeenOptions, 'store' | 'archive'>;
  readonly codecs: Readonly<Record<Encoding, Codec>>;
  readonly publish: PublishTopic;
  readonly budget: TailBudget;
  readonly events: RoomEvents;
  readonly metrics: GatewayMetrics;
  readonly overload: Pick<Overload, 'drops'>;
  readonly clock: Clock;
}

/** Name under which gateways that watch a user are found, see {@link Presence.interest}. No room begins like that. */
const watchOf = (user: string) => `states of ${user}`;
/** Connections of one user that are asked for: more than a user may have. */
const MOST_DEVICES = 10_000;
/** Time in which places of rooms that open are collected before NATS is asked for them. */
const TOGETHER_MS = 5;

export interface RoomsPart extends Part {
  readonly rooms: Rooms;
  readonly presence: Presence;
  readonly joins: Joins;
  readonly states: UserStates;
  readonly bumps: Bumps;
  readonly ephemeral: Ephemeral;
  /** See {@link AudienceOptions.present}. */
  readonly present: AudienceOptions['present'];
  /** See {@link Chat.reaches}. */
  readonly reaches: Chat['reaches'];
  /** Reader that does not leave out what is deleted: its result must not be served. */
  readonly whole: RoomReader;
  readonly masks: Masks;
  /** Services that sessions use. */
  readonly services: Pick<SessionContext, 'rooms' | 'reader' | 'presence' | 'joins' | 'join'>;
}

const memberRooms = (known: Awaited<ReturnType<SightOptions['userRooms']['of']>>) =>
  [...known].flatMap(([room, { state }]) => (state === 'member' ? [room] : []));

/** The rooms of a gateway, and their members. Limits are read at each use. */
export function roomsPart(options: RoomsPartOptions): RoomsPart {
  const { config, log, store, bus, control, codecs, publish, budget, events, metrics, overload, clock } = options;
  const { now, after } = clock;
  const stored = roomReader(log, store, () => config.recoveryLimit);
  const counting = countingOf(options.stateOf);
  const whole = filteredReader(stored, counting);
  const masks = new Masks(log, options.stateOf, () => metrics.masksRead.inc());
  const reader = maskedReader(stored, masks, counting);

  const rooms = new Rooms({
    log,
    reader,
    control,
    masks,
    fanOut: fanOut(codecs, publish),
    budget,
    lingerMs: () => config.roomLingerSeconds * 1000,
    now,
    soon: run => setTimeout(run, TOGETHER_MS),
    after,
    events,
  });
  const lastSeen = new LastSeen({ ...options.marks, after, wallClock: clock.wallClock });
  const invisible = new InvisibleUsers({
    load: async user => (await options.people.settings.fresh([user])).get(user)?.invisible === true,
    own: user => presence.own(inboxOf(user)),
  });
  const presence: Presence = new Presence({
    gateway: config.processName,
    rooms,
    invisible,
    bus,
    now,
    after,
    partial: () => metrics.presencePartial.inc(),
    gone: gateway => {
      joins.gatewayGone(gateway);
      states.gatewayGone(gateway);
    },
    resumed: () => {
      joins.resumed();
      states.resumed();
    },
    moved: (room, member) => {
      if (!isInbox(room)) return;
      const user = inboxUser(room);
      const hasLeft = presence.own(room)[Symbol.iterator]().next().done === true;
      // Who is invisible was seen last before that.
      if (hasLeft && !invisible.has(user)) lastSeen.left(user);
      invisible.left(user);
      states.moved(user, member);
      bumps.moved(user, member);
    },
  });
  const joins: Joins = new Joins({
    gateway: config.processName,
    bus,
    codecs,
    members: async (room, most) => shownTo(null, await presence.membersNow(room, most)),
    changed: room => presence.changed(room),
    limit: () => config.joinLeaveLimit,
    drops: () => overload.drops('joins'),
    now,
    after,
  });
  const sight = new Sight(options.people);
  const states: UserStates = new UserStates({
    gateway: config.processName,
    own: user => presence.own(inboxOf(user)),
    ask: user => presence.membersNow(inboxOf(user), MOST_DEVICES),
    settings: users => options.people.settings.fresh(users),
    sight: (user, others) => sight.of(user, others),
    invisible: (user, isInvisible) => {
      if (isInvisible && !invisible.has(user)) lastSeen.left(user);
      invisible.set(user, isInvisible);
    },
    interest: (user, isWatched) => presence.interest(watchOf(user), isWatched),
    tell: event => ephemeral.state(event),
    lastSeen: users => lastSeen.of(users),
    wallClock: clock.wallClock,
    pushes: new StatePushes({
      codecs,
      pushed: () => metrics.presenceStates.inc(),
      drops: () => overload.drops('presence'),
    }),
    now,
    after,
  });
  const bumps: Bumps = new Bumps({
    bus: options.bumpBus,
    partitionOf: room => log.partitionOf(room),
    own: user => presence.own(inboxOf(user)),
    roomsOf: async user => memberRooms(await options.people.userRooms.of(user)),
    subscribers: room => rooms.find(room)?.members ?? [],
    codecs,
    most: () => config.bumpRooms,
    refused: count => metrics.bumpRoomsRefused.inc(count),
    pushed: () => metrics.bumps.inc(),
    drops: () => overload.drops('bumps'),
    now,
    after,
  });
  const ephemeral: EphemeralLane = new EphemeralLane({
    gateway: config.processName,
    members: room => rooms.find(room)?.members ?? [],
    inboxOf,
    holders: room => presence.holders(room),
    watchersOf: user => presence.holders(watchOf(user)),
    heard: event => states.heard(event),
    bus: options.ephemeralBus,
    codecs,
    metrics,
    after,
  });
  const join = {
    reader,
    chunk: () => config.recoveryChunk,
    chunkBytes: config.sendBufferBytes / 4,
    limit: () => config.recoveryLimit,
    recovered: metrics.recovered.bind(metrics),
  };
  return {
    rooms,
    presence,
    joins,
    states,
    bumps,
    ephemeral,
    present: async (room, most) => {
      const { members } = await presence.members(room, most);
      return members && [...members.values()].map(({ user }) => user);
    },
    whole,
    masks,
    reaches: async (room, offset) => {
      const open = rooms.find(room);
      if (open && open.epoch !== '' && open.latest >= offset) return true;
      return (await rooms.places.of(room)).top >= offset;
    },
    services: { rooms, reader, presence, joins, join },
    tick: () => rooms.sweep(),
    stop: async () => {
      rooms.closeAll();
      await lastSeen.flush();
    },
  };
}
