import type { ParamsOf, ResultOf } from '../../../client/verbs.ts';

type Page = ResultOf<'sync'>;

/** A list of rooms that a client keeps by `sync`, as docs/verbs.md says. */
export class SyncedList {
  readonly rooms = new Map<string, Page['rooms'][number]>();
  cursor: string | undefined;
  /** Pages of the last {@link sync}. */
  pages: Page[] = [];

  /** @param ask calls the verb @param most pages until it fails */
  async sync(ask: (params: ParamsOf<'sync'>) => Promise<Page>, limit?: number, most = 1_000): Promise<void> {
    this.pages = [];
    for (let more = true; more; ) {
      if (this.pages.length === most) throw new Error(`more than ${most} pages`);
      const page = await ask({
        ...(this.cursor === undefined ? {} : { cursor: this.cursor }),
        ...(limit === undefined ? {} : { limit }),
      });
      this.#take(page);
      this.pages.push(page);
      this.cursor = page.cursor;
      more = page.more;
    }
  }

  /** Rooms of all pages of the last sync. */
  get came(): string[] {
    return this.pages.flatMap(({ rooms }) => rooms.map(({ room }) => room));
  }

  #take({ rooms, left, marks, reset }: Page): void {
    const partitions = new Set(reset);
    for (const [room, { partition }] of this.rooms) if (partitions.has(partition)) this.rooms.delete(room);
    for (const room of left) this.rooms.delete(room);
    for (const room of rooms) this.rooms.set(room.room, room);
    for (const { room, ...mark } of marks) {
      const known = this.rooms.get(room);
      if (known) this.rooms.set(room, { ...known, ...mark });
    }
  }
}
