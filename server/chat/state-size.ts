import type { ControlEntry } from '../fold/control.ts';
import { foldControl } from '../fold/control-fold.ts';
import type { RoomState } from '../fold/room-state.ts';
import { isSmall, LASTING_BYTES, lastingBytes, MOST_STATE_BYTES } from '../fold/state-bytes.ts';
import { ERRORS } from '../protocol/codes.ts';
import { CommandError } from '../protocol/command-error.ts';
import type { Chat } from './chat.ts';

/** Share of what NATS takes that a room always gets, on a server that takes less than the lists that forget may need. */
const LEAST_SHARE = 0.2;

/**
 * Most bytes of a room's lasting content, see {@link lastingBytes}.
 * @param bodyBytes largest body that NATS takes
 */
export const mostLastingBytes = (bodyBytes: number): number =>
  Math.floor(
    Math.min(LASTING_BYTES, Math.max(bodyBytes - (MOST_STATE_BYTES - LASTING_BYTES), bodyBytes * LEAST_SHARE)),
  );

/**
 * Refuses an act that would make the state of a room larger than a message of NATS may be: with long names that is fewer users than
 * the other limits allow. A leave is never refused: its heir takes the place of who leaves.
 * @throws {CommandError} 106
 */
export function demandStateSize(
  { messages }: Pick<Chat, 'messages'>,
  state: RoomState,
  entry: Omit<ControlEntry, 'offset'>,
): void {
  const { control, time } = entry;
  if (control.act === 'leave') return;
  const most = mostLastingBytes(messages.mostBodyBytes);
  const next = foldControl(state, { ...entry, offset: Number.MAX_SAFE_INTEGER });
  if (isSmall(next, most)) return;
  const bytes = lastingBytes(next, time);
  if (bytes <= most || bytes <= lastingBytes(state, time)) return;
  const what = 'members, invitations, requests, bans, mutes, links and texts';
  throw new CommandError(ERRORS.limitExceeded, `the ${what} of a room have at most ${most} bytes: names are too long`);
}
