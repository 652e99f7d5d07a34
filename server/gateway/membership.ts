import type { Logger } from 'pino';
import { inboxOf, inboxUser, isInbox } from '../access/names.ts';
import type { Policy } from '../access/policy.ts';
import { RoomRights } from '../access/room-rights.ts';
import { marksStream } from '../bus/marks-stream.ts';
import { policyKv } from '../bus/policy-kv.ts';
import type { SightOptions } from '../chat/sight.ts';
import type { Bumps } from '../ephemeral/bumps.ts';
import { NO_ROOM } from '../fold/room-state.ts';
import type { PairArchive, RoomArchive } from '../membership/archive.ts';
import { DailyCounts } from '../membership/daily-counts.ts';
import { LoadedPairs } from '../membership/loaded-pairs.ts';
import { LoadedSettings } from '../membership/loaded-settings.ts';
import { LoadedStates } from '../membership/loaded-states.ts';
import { LoadedUserRooms } from '../membership/loaded-user-rooms.ts';
import { reportLoss } from '../membership/loss-report.ts';
import type { MarkStore } from '../membership/mark-store.ts';
import { PolicyBatch } from '../membership/policy-batch.ts';
import { KnownProgress } from '../membership/policy-progress.ts';
import type { UserArchive } from '../membership/user-archive.ts';
import type { UserStates } from '../presence/user-states.ts';
import type { RoomControl } from '../room/control-lane.ts';
import type { Rooms } from '../room/rooms.ts';
import type { Clocks } from '../time/clock.ts';
import { Repeats } from '../time/repeats.ts';
import type { Nats } from './nats.ts';

export interface MembershipOptions {
  readonly nats: Pick<Nats, 'write' | 'names' | 'log' | 'read'>;
  readonly archive: RoomArchive & {
    readonly users: Pick<UserArchive, 'settingsOf'>;
    readonly contacts: PairArchive;
  };
  readonly policy: Policy;
  readonly clocks: Clocks;
  readonly logger: Logger;
}

/** Time in which keys of POLICY are collected before NATS is asked for them. */
const TOGETHER_MS = 5;

/** Part of {@link UserStates} that hears of entries of inboxes. */
type Watched = Pick<UserStates, 'changed' | 'reconsider'>;

/** States of rooms, rooms of users, the rights that follow from both, and relations between users. */
export interface Membership {
  readonly states: LoadedStates;
  readonly userRooms: LoadedUserRooms;
  readonly pairs: LoadedPairs;
  readonly daily: DailyCounts;
  readonly settings: LoadedSettings;
  readonly markStore: MarkStore;
  readonly rights: RoomRights;
  /** Part that open rooms use. */
  readonly control: RoomControl;
  /** Relations and settings by which users may see the states of others. */
  readonly people: SightOptions & { readonly settings: LoadedSettings };
  /** Lets states follow the rooms that are open, and tells who watches users, or follows their rooms, of entries of their inboxes. */
  follow(rooms: Pick<Rooms, 'find' | 'places'>, watched: Watched, bumps: Pick<Bumps, 'reconsider'>): void;
}

/** Puts together what a gateway knows about members. */
export function membershipOf({ nats, archive, policy, clocks, logger }: MembershipOptions): Membership {
  const { now, wallClock } = clocks;
  const store = policyKv(nats.write, nats.names);
  const batch = new PolicyBatch({ policy: store, soon: run => setTimeout(run, TOGETHER_MS) });
  const progress = new KnownProgress({ policy: store, log: nats.log, now });
  const repeats = new Repeats(now);
  let rooms: Pick<Rooms, 'find' | 'places'> | null = null;
  const openRoom = (name: string) => {
    const room = rooms?.find(name);
    return room && room.epoch !== '' ? { state: room.lane.state, latest: room.latest } : undefined;
  };
  const unwritten = (about: { readonly room: string } | { readonly user: string }, error: unknown) => {
    const reason = (error as Error).message;
    const news = repeats.news(reason);
    if (news) logger.warn({ ...about, reason, ...news }, 'an act could not be written to POLICY; a worker writes it');
  };
  const lost = (room: string, epoch: string, at: number) => {
    const partition = nats.log.partitionOf(room);
    const news = repeats.news(`${partition} ${epoch}`);
    if (news) logger.warn({ partition, at, ...news }, 'LOG has lost its last entries; a worker gives it another epoch');
    reportLoss(store, partition, { epoch, at }).catch((error: unknown) =>
      logger.debug({ partition, reason: (error as Error).message }, 'a loss could not be reported; tried again'),
    );
  };
  const coveredInbox = (user: string) => progress.of(nats.log.partitionOf(inboxOf(user)));
  const states = new LoadedStates({
    policy: store,
    batch,
    log: nats.log,
    top: async room => (rooms ? (await rooms.places.of(room)).top : await nats.log.top(room)),
    archive,
    covered: room => progress.of(nats.log.partitionOf(room)),
    openRoom,
    isOpenKind: room => policy.kindOf(room)?.access !== 'Members',
    now,
    wallClock,
    lost,
    unwritten: (room, error) => unwritten({ room }, error),
  });
  const userRooms = new LoadedUserRooms({
    policy: store,
    batch,
    archive,
    covered: coveredInbox,
    now,
    unwritten: (room, error) => unwritten({ room }, error),
  });
  const pairs = new LoadedPairs({
    policy: store,
    batch,
    archive: archive.contacts,
    covered: coveredInbox,
    now,
    unwritten: (user, error) => unwritten({ user }, error),
  });
  const settings = new LoadedSettings({
    policy: store,
    batch,
    archive: archive.users,
    covered: coveredInbox,
    now,
    unwritten: (user, error) => unwritten({ user }, error),
  });
  const rights = new RoomRights({ policy, states, users: userRooms, wallClock });
  let watched: Watched | null = null;
  let bumps: Pick<Bumps, 'reconsider'> | null = null;
  const follow: Membership['follow'] = (all, watches, bumped) => {
    rooms = all;
    watched = watches;
    bumps = bumped;
  };
  const notices = noticesTo({ userRooms, pairs, settings });
  const noted: RoomControl['noted'] = (inbox, entry) => {
    notices(inbox, entry);
    const user = inboxUser(inbox);
    void (entry.type === 'me' ? watched?.changed(user) : watched?.reconsider(user));
    if (entry.type === 'member') void bumps?.reconsider(user);
  };
  const control = { ...roomControl(states, rights), noted, lost };
  const people = { pairs, userRooms: { of: (user: string) => userRooms.ofOnce(user) }, rooms: states, settings };
  const daily = new DailyCounts(store, wallClock);
  const markStore = marksStream(nats.write, nats.read, nats.names);
  return { states, userRooms, pairs, settings, markStore, daily, rights, people, control, follow };
}

/** Hands entries of inboxes to those who know what they are about: a room of the user, the user, or another user. */
const noticesTo =
  ({ userRooms, pairs, settings }: Pick<Membership, 'userRooms' | 'pairs' | 'settings'>): RoomControl['noted'] =>
  (inbox, entry) => {
    const known = entry.type === 'member' ? userRooms : entry.type === 'me' ? settings : pairs;
    known.noted(inboxUser(inbox), entry);
  };

function roomControl(states: LoadedStates, rights: RoomRights): Omit<RoomControl, 'lost' | 'noted'> {
  return {
    load: async (room, top) => (isInbox(room) ? NO_ROOM : await states.load(room, top)),
    refusal: (room, state, user) => rights.refusal(room, state, user),
    readableAbove: (room, state, user) => rights.readableAbove(room, state, user),
    confirmed: async (room, user) => await rights.confirmed(room, user),
  };
}
