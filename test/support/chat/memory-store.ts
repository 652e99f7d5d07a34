import { type HistoryStore, type SentKey, StoreUnavailable } from '../../../server/room/history-store.ts';
import type { StoredMessage } from '../../../server/room/message.ts';

type Range = Parameters<HistoryStore['read']>[1];

/** History in memory. */
export class MemoryStore implements HistoryStore {
  readonly messages: StoredMessage[] = [];
  up = true;
  /** Answers take this long. */
  wait: () => Promise<void> = () => Promise.resolve();
  /** Reads so far. */
  reads = 0;
  /** Counts so far. */
  counts = 0;

  quiet(): boolean {
    return !this.up;
  }

  async read(room: string, range: Range): Promise<StoredMessage[]> {
    this.reads += 1;
    await this.wait();
    const found = this.#in(room, range).sort((a, b) => a.offset - b.offset);
    return (range.reverse ? found.reverse() : found).slice(0, range.limit);
  }

  async count(room: string, range: Pick<Range, 'after' | 'before'>, most: number): Promise<number> {
    this.counts += 1;
    return Math.min(most, this.#in(room, range).length);
  }

  async findSent({ id, dedupe }: SentKey): Promise<Pick<StoredMessage, 'offset' | 'epoch'> | null> {
    this.#check();
    return this.messages.find(message => message.id === id && message.dedupe === dedupe) ?? null;
  }

  erase(offset: number): void {
    const index = this.messages.findIndex(message => message.offset === offset);
    if (index >= 0) this.messages.splice(index, 1);
  }

  #in(room: string, { after, before }: Pick<Range, 'after' | 'before'>): StoredMessage[] {
    this.#check();
    return this.messages.filter(({ room: of, offset }) => of === room && offset > after && offset < before);
  }

  #check(): void {
    if (!this.up) throw new StoreUnavailable('switched off');
  }
}
