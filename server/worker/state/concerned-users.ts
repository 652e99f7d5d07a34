import { changedUsers } from '../../fold/changed-users.ts';
import type { ControlEntry } from '../../fold/control.ts';
import type { RoomState } from '../../fold/room-state.ts';

/** Users whose documents an entry changes. After a snapshot any of them may be behind. */
export const concernedBy = ({ control }: ControlEntry, before: RoomState, state: RoomState): readonly string[] =>
  control.act === 'snapshot'
    ? [...new Set([...before.members.keys(), ...state.members.keys()])]
    : changedUsers(before, state);

/** Users whom an entry is about, where the state before it is not known. */
export function usersOf({ control, by }: ControlEntry, state: RoomState): readonly string[] {
  switch (control.act) {
    case 'create':
      return control.members.map(({ user }) => user);
    case 'add':
      return control.users.map(({ user }) => user);
    case 'invite':
      return [...control.users, ...(control.approved ?? [])];
    case 'accept':
    case 'decline':
    case 'join':
    case 'request':
      return [by];
    case 'leave':
      return control.dissolves ? [by, ...state.members.keys()] : control.heir === undefined ? [by] : [by, control.heir];
    case 'transfer':
      return [by, control.user];
    case 'approve':
    case 'deny':
    case 'kick':
    case 'ban':
    case 'unban':
    case 'role':
    case 'mute':
      return [control.user];
    case 'delete':
    case 'snapshot':
      return [...state.members.keys()];
    default:
      return [];
  }
}
