import { type Control, type ControlEntry, readControl } from '../server/fold/control.ts';
import type { Publication } from './transport.ts';

/** Act after which a user is no member any more, with the user who did it. */
export interface Ending {
  readonly act: 'kick' | 'ban' | 'leave' | 'delete';
  readonly by: string;
}

/** Control entry in a publication; null for another one. */
export const controlOf = ({ offset, type, data, sender }: Publication): ControlEntry | null =>
  type === null ? null : readControl({ type, offset, user: sender?.user ?? '' }, data);

/** The end of a user's membership that an entry is; null for none. */
export function endingOf({ control, by }: ControlEntry, user: string): Ending | null {
  if (control.act === 'delete') return { act: 'delete', by };
  if (control.act === 'leave') {
    if (by === user) return { act: 'leave', by };
    return control.dissolves ? { act: 'delete', by } : null;
  }
  if (control.act !== 'kick' && control.act !== 'ban') return null;
  return control.user === user ? { act: control.act, by } : null;
}

/** True if an act may change what a user may do in the room. */
export function concerns(control: Control, by: string, user: string): boolean {
  if (by === user) return true;
  if ('user' in control) return control.user === user;
  if (control.act === 'invite') return [...control.users, ...(control.approved ?? [])].includes(user);
  if ('users' in control) return control.users.some(other => (typeof other === 'string' ? other : other.user) === user);
  if (control.act === 'leave') return control.heir === user;
  return ['freeze', 'delete', 'snapshot', 'unknown'].includes(control.act);
}

/** Codes of a refused subscribe that says that the user may not read a room: hidden, or deleted. */
export const HIDDEN_CODES: readonly number[] = [103, 410];

/** Code with which the server ends a subscription for good. */
export const REMOVED = 2_100;
