import { type Digests, DigestTaken, type Revised } from '../../../server/bus/digests.ts';
import type { Cover, Digest } from '../../../server/bus/last-entry.ts';

/** LAST of one partition in memory. */
export class MemoryDigests implements Digests {
  rooms = new Map<string, Revised<Digest | null>>();
  mark: Revised<Cover> | null = null;
  /** Called before every request; may throw, before or after a write takes effect. */
  request: (what: string) => void = () => undefined;
  #revision = 0;

  async cover(): Promise<Revised<Cover> | null> {
    this.request('read');
    return this.mark;
  }
  async writeCover(_: number, cover: Cover, revision: number): Promise<number> {
    this.request('before write');
    if ((this.mark?.revision ?? 0) !== revision) throw new DigestTaken('cover');
    this.mark = { value: cover, revision: ++this.#revision };
    this.request('after write');
    return this.#revision;
  }
  async read(_: number, rooms: readonly string[]): Promise<Map<string, Revised<Digest | null>>> {
    this.request('read');
    return new Map([...this.rooms].filter(([room]) => rooms.includes(room)));
  }
  async readSurely(_: number, room: string): Promise<Revised<Digest | null> | null> {
    this.request('read');
    return this.rooms.get(room) ?? null;
  }
  async write(_: number, room: string, digest: Digest, revision: number): Promise<number> {
    this.request('before write');
    if ((this.rooms.get(room)?.revision ?? 0) !== revision) throw new DigestTaken(room);
    const written = this.put(room, digest);
    this.request('after write');
    return written;
  }
  async since(_: number, revision: number): Promise<Map<string, Revised<Digest | null>>> {
    this.request('read');
    return new Map([...this.rooms].filter(([, found]) => found.revision > revision));
  }

  /** Writes an entry as any program may. */
  put(room: string, digest: Digest): number {
    this.rooms.set(room, { value: digest, revision: ++this.#revision });
    return this.#revision;
  }
  /** Writes the cover as any program may. */
  putCover(cover: Cover): void {
    this.mark = { value: cover, revision: ++this.#revision };
  }
  /** Loses everything. */
  wipe(): void {
    this.rooms = new Map();
    this.mark = null;
  }
}
