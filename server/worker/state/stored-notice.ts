import type { SentKey } from '../../room/history-store.ts';
import type { IsStored } from './waiting-notices.ts';

export interface StoredNoticeParts {
  readonly store: { findSent(key: SentKey): Promise<object | null> };
  readonly log: {
    /** True if LOG has an entry of a room with a key, by the word of the leader. @throws {ReadFailed} */
    hasKey(room: string, dedupe: string): Promise<boolean>;
  };
}

/** Tells whether a notice was stored: in MongoDB, or in LOG while storing is behind. */
export function storedNotice({ store, log }: StoredNoticeParts): IsStored {
  const inStore = (key: SentKey) =>
    store.findSent(key).then(
      found => found !== null,
      () => null,
    );
  return async (inbox, key) => {
    const found = await inStore(key);
    if (found !== false) return found;
    // What was purged before LOG was read is in MongoDB now.
    return (await log.hasKey(inbox, key.dedupe)) || (await inStore(key));
  };
}
