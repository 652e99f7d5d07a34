import { directBatch } from '../bus/direct-read.ts';
import type { NoteTopsParts } from './note-tops.ts';
import { type NotedPurge, purgeNoted } from './noted-purge.ts';
import { type PurgeView, purgeBelow } from './purge-plan.ts';

export interface PurgeParts extends NoteTopsParts {
  readonly stream: string;
  readonly required: readonly string[];
  readonly hotWindowMs: number;
}

const READ_TIMEOUT_MS = 5_000;

/** Removes what MongoDB has and the hot window no longer needs from a LOG stream. @returns null when nothing was due */
export async function purge(parts: PurgeParts): Promise<NotedPurge | null> {
  // The floors first: a message that comes later is above them all.
  const floors = await durableFloors(parts);
  const { state, ts } = await parts.jsm.streams.info(parts.stream);
  const windowStart = Date.parse(ts ?? '') - parts.hotWindowMs; // by the clock that stamps the messages
  const hot = await firstSince(parts, windowStart, Date.parse(state.last_ts));
  const view: PurgeView = { first: state.first_seq, last: state.last_seq, floors, required: parts.required, hot };
  const below = purgeBelow(view);
  return below === null ? null : await purgeNoted(parts, view.first, below, false);
}

async function durableFloors({ jsm, stream }: PurgeParts): Promise<Map<string, number>> {
  const floors = new Map<string, number>();
  for await (const consumer of jsm.consumers.list(stream)) {
    const name = consumer.config.durable_name;
    if (name) floors.set(name, consumer.ack_floor.stream_seq);
  }
  return floors;
}

/** See {@link PurgeView.hot}. */
async function firstSince(parts: PurgeParts, start: number, lastAt: number): Promise<number | null | undefined> {
  if (Number.isNaN(start)) return undefined;
  if (lastAt < start) return null;
  const request = { start_time: new Date(start).toISOString(), batch: 1 };
  const { messages } = await directBatch(parts.connection, parts.stream, request, READ_TIMEOUT_MS);
  const sequence = Number(messages[0]?.headers?.get('Nats-Sequence'));
  return sequence > 0 ? sequence : undefined; // the last message is inside, so somebody else answered
}
