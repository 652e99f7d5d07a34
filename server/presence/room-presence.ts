import type { PresentMember } from './gather.ts';

/** Members of one room on all gateways. */
export interface RoomPresence {
  /** Connections on all gateways. */
  readonly clients: number;
  /** Number of those of invisible users, who are listed with the others, see {@link shownTo}. */
  readonly hidden: number;
  /** Members by connection id; null if there are more than asked for. */
  readonly members: ReadonlyMap<string, PresentMember> | null;
  /** True if a gateway did not answer in time. */
  readonly partial: boolean;
}

/** Members of a room as a user may see them: without invisible users, but the own connections. @param user null for nobody */
export function shownTo(user: string | null, { clients, hidden, members, partial }: RoomPresence): RoomPresence {
  if (hidden === 0 || !members) return { clients: clients - hidden, hidden: 0, members, partial };
  const shown = new Map([...members].filter(([, member]) => !member.isHidden || member.user === user));
  return { clients: shown.size, hidden: 0, members: shown, partial };
}
