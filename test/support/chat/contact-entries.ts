import type { ContactAct } from '../../../server/fold/pair.ts';
import type { RoomLog, Stored } from '../../../server/room/log.ts';

/** Publishes an act of a user on another one as a gateway does, into the user's inbox. */
export async function publishContact(
  log: Pick<RoomLog, 'publish'>,
  user: string,
  act: ContactAct,
  other: string,
  more: { readonly of?: number; readonly ends?: 'remove' | 'decline'; readonly note?: string } = {},
): Promise<Stored> {
  const id = crypto.randomUUID();
  const body = { type: 'contact', id, user: other, act, of: 0, ...more, time: 1_000 };
  const envelope = { dedupe: id, time: 1_000, client: '', traceparent: '', targets: [], cv: 0, seen: 0 };
  return await log.publish(`user:${user}`, Buffer.from(JSON.stringify(body)), {
    ...envelope,
    type: 'contact',
    id,
    user,
  });
}
