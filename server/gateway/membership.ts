import type { Logger } from 'pino';
import { inboxOf, inboxUser, isInbox } from '../access/names.ts';
import type { Policy } from '../access/policy.ts';
import { RoomRights } from '../access/room-rights.ts';
import { policyKv } from '../bus/policy-kv.ts';
import { NO_ROOM } from '../fold/room-state.ts';
import type { RoomArchive } from '../membership/archive.ts';
import { LoadedStates } from '../membership/loaded-states.ts';
import { LoadedUserRooms } from '../membership/loaded-user-rooms.ts';
import { reportLoss } from '../membership/loss-report.ts';
import { PolicyBatch } from '../membership/policy-batch.ts';
import { KnownProgress } from '../membership/policy-progress.ts';
import type { RoomControl } from '../room/control-lane.ts';
import type { Rooms } from '../room/rooms.ts';
import type { Clocks } from '../time/clock.ts';
import { Repeats } from '../time/repeats.ts';
import type { Nats } from './nats.ts';

export interface MembershipOptions {
  readonly nats: Pick<Nats, 'write' | 'names' | 'log' | 'read'>;
  readonly archive: RoomArchive;
  readonly policy: Policy;
  readonly clocks: Clocks;
  readonly logger: Logger;
}

/** Time in which keys of POLICY are collected before NATS is asked for them. */
const TOGETHER_MS = 5;

/** States of rooms, rooms of users, and the rights that follow from both. */
export interface Membership {
  readonly states: LoadedStates;
  readonly userRooms: LoadedUserRooms;
  readonly rights: RoomRights;
  /** Part that open rooms use. */
  readonly control: RoomControl;
  /** Lets states follow the rooms that are open. */
  follow(rooms: Pick<Rooms, 'find' | 'places'>): void;
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
  const unwritten = (room: string, error: unknown) => {
    const reason = (error as Error).message;
    const news = repeats.news(reason);
    if (news)
      logger.warn({ room, reason, ...news }, 'an act on a room could not be written to POLICY; a worker writes it');
  };
  const lost = (room: string, epoch: string, at: number) => {
    const partition = nats.log.partitionOf(room);
    const news = repeats.news(`${partition} ${epoch}`);
    if (news) logger.warn({ partition, at, ...news }, 'LOG has lost its last entries; a worker gives it another epoch');
    reportLoss(store, partition, { epoch, at }).catch((error: unknown) =>
      logger.debug({ partition, reason: (error as Error).message }, 'a loss could not be reported; tried again'),
    );
  };
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
    unwritten,
  });
  const userRooms = new LoadedUserRooms({
    policy: store,
    batch,
    archive,
    covered: user => progress.of(nats.log.partitionOf(inboxOf(user))),
    now,
    unwritten,
  });
  const rights = new RoomRights({ policy, states, users: userRooms, wallClock });
  const follow = (all: Pick<Rooms, 'find' | 'places'>) => {
    rooms = all;
  };
  return { states, userRooms, rights, control: { ...roomControl(states, userRooms, rights), lost }, follow };
}

function roomControl(states: LoadedStates, users: LoadedUserRooms, rights: RoomRights): Omit<RoomControl, 'lost'> {
  return {
    load: async (room, top) => (isInbox(room) ? NO_ROOM : await states.load(room, top)),
    refusal: (room, state, user) => rights.refusal(room, state, user),
    readableAbove: (room, state, user) => rights.readableAbove(room, state, user),
    confirmed: async (room, user) => await rights.confirmed(room, user),
    noted: (inbox, entry) => users.noted(inboxUser(inbox), entry),
  };
}
