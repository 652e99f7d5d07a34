import type { Audience } from '../fold/user-settings.ts';

/** State of a user over all devices. `away`: on no device the user sees the client. */
export type UserState = 'active' | 'away' | 'offline';

/** States from the least to the most present. */
const ORDER = ['offline', 'away', 'active'] as const satisfies readonly UserState[];

/** State by the devices of a user in one place. Pure. */
export function stateOf(devices: Iterable<{ readonly isBackground?: boolean }>): UserState {
  let state: UserState = 'offline';
  for (const { isBackground } of devices) state = mergedState([state, isBackground ? 'away' : 'active']);
  return state;
}

/** State by the states in several places: the most present one. Pure. */
export function mergedState(states: Iterable<UserState>): UserState {
  let most = 0;
  for (const state of states) most = Math.max(most, ORDER.indexOf(state));
  return ORDER[most] ?? 'offline';
}

/** True for the name of a state. */
export const isUserState = (value: unknown): value is UserState => (ORDER as readonly unknown[]).includes(value);

/** Users who may see the state of a user, and whether the user looks offline to them. */
export interface SeenBy {
  readonly audience: Audience;
  /** Missing for a user who is not invisible. */
  readonly invisible?: true;
}
