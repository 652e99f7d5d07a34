import type { Control, ControlEntry, Rank } from '../../../server/fold/control.ts';
import { foldControl } from '../../../server/fold/control-fold.ts';
import { NO_ROOM, type RoomState } from '../../../server/fold/room-state.ts';
import { roomStateJson } from '../../../server/fold/room-state-json.ts';
import { integer, pick } from '../../../tools/support/random.ts';

/** An entry of `ann`, with a time of a second for each offset. */
export const entry = (offset: number, cv: number, control: Control, by = 'ann'): ControlEntry => ({
  offset,
  cv,
  id: `id ${offset}`,
  by,
  time: offset * 1_000,
  control,
});

/** Folds the acts of users one after another, each as the next version, from offset 1 on. */
export const stateAfter = (acts: readonly (readonly [by: string, control: Control])[], from = NO_ROOM): RoomState =>
  acts.reduce((state, [by, control]) => foldControl(state, entry(state.at + 1, state.cv + 1, control, by)), from);

/** The first act in a group: its members with their ranks. */
export const created = (members: Readonly<Record<string, Rank>>, open = false): Control => ({
  act: 'create',
  kind: open ? 'channel' : 'group',
  open,
  name: 'Tea',
  members: Object.entries(members).map(([user, rank]) => ({ user, rank })),
});

const USERS = ['ann', 'bob', 'eve', 'dan', '__proto__', '*'];
const RANKS: readonly Rank[] = ['owner', 'admin', 'moderator', 'member', 'guest'];

/** Any act, sensible or not. */
export function anyAct(random: () => number): Control {
  const user = pick(random, USERS);
  const rank = pick(random, RANKS);
  const until = integer(random, 60) * 1_000;
  return pick<Control>(random, [
    { act: 'update', name: `name ${until}` },
    { act: 'freeze', on: random() < 0.5 },
    { act: 'link', hash: pick(random, ['l1', 'l2']), uses: integer(random, 3), expires: until },
    { act: 'unlink', hash: pick(random, ['l1', 'l2']) },
    { act: 'add', users: [{ user, rank }] },
    { act: 'add', users: [{ user, rank: 'member' }] },
    { act: 'invite', users: [user, pick(random, USERS)] },
    { act: 'invite', users: [], approved: [user] },
    { act: 'accept' },
    { act: 'decline' },
    { act: 'join', link: pick(random, ['l1', 'l2']) },
    { act: 'join' },
    { act: 'request', note: 'please' },
    { act: 'approve', user },
    { act: 'deny', user },
    { act: 'leave', heir: user },
    { act: 'leave' },
    { act: 'kick', user },
    { act: 'ban', user, until },
    { act: 'ban', user, until, reason: 'noise' },
    { act: 'unban', user },
    { act: 'role', user, rank },
    { act: 'transfer', user },
    { act: 'mute', user, until },
    { act: 'block' },
    { act: 'unblock' },
    { act: 'unknown' },
    ...(random() < 0.1 ? [{ act: 'delete' } as const] : []),
  ]);
}

/** A control lane as racing, stale and lost publishers leave it: versions that come twice, too late, or without their predecessor. */
export function anyControlLog(random: () => number, length: number): ControlEntry[] {
  const log = [entry(1, 1, created({ ann: 'owner', bob: 'member' }, random() < 0.3))];
  let state = foldControl(NO_ROOM, log[0] as ControlEntry);
  for (let offset = 2; log.length < length; offset += 1 + integer(random, 3)) {
    const cv = Math.max(1, state.cv + pick(random, [1, 1, 1, 1, 0, -1, 2, 3]));
    const snapshot: Control = { act: 'snapshot', state: roomStateJson({ ...state, topic: `at ${offset}` }) };
    const any = random() < 0.08 ? snapshot : anyAct(random);
    const by = pick(random, USERS);
    // No gateway makes the one who leaves the heir.
    const control: Control = any.act === 'leave' && any.heir === by ? { act: 'leave' } : any;
    const added = entry(offset, cv, control, by);
    log.push(added);
    state = foldControl(state, added);
  }
  return log;
}
