import type { FoldEntry } from '../../../server/worker/fold/fold.ts';

/** An entry of LOG with a body, as a fold gets it. */
export function foldEntry(offset: number, room: string, type: string, body: object): FoldEntry {
  const none = { client: '', traceparent: '', targets: [], cv: 0, seen: 0, epoch: 'e1', storedAt: 0, time: 1 } as const;
  const id = `id ${offset}`;
  const data = Buffer.from(JSON.stringify({ type, id, ...body }));
  return { room, offset, message: { ...none, room, offset, type, id, dedupe: id, user: '', body: data } };
}
