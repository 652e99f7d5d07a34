import { Users } from '../chat/users.ts';
import type { SessionContext } from '../session/context.ts';
import { PAGE_BYTES, pageSlots } from '../session/pages.ts';
import { type Holder, SendBudget } from '../session/send-budget.ts';
import { Unsigned } from '../session/unsigned.ts';
import { Rates } from '../time/rates.ts';

/** Limits that connections share. */
export interface ClientLimits extends Pick<SessionContext, 'pages' | 'users' | 'unsigned' | 'rates'> {
  readonly sends: SendBudget;
}

/**
 * @param limits read at each use
 * @param holders all connections, and the sockets that are being closed
 * @param unsignedEnded called for each connection that is closed because others wait to sign in
 */
export function clientLimits(
  limits: { readonly sendBufferTotalBytes: number; readonly maxUnsignedConnections: number },
  holders: () => Iterable<Holder>,
  unsignedEnded: () => void,
): ClientLimits {
  const pages = pageSlots(limits);
  const sends = new SendBudget({
    limit: () => limits.sendBufferTotalBytes,
    holders,
    pages: () => pages.underWay * PAGE_BYTES,
    soon: setImmediate,
  });
  const unsigned = new Unsigned(() => limits.maxUnsignedConnections, unsignedEnded);
  return { pages, sends, users: new Users(), unsigned, rates: new Rates() };
}
