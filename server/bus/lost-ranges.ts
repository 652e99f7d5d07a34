import type { OffsetRange } from '../room/log.ts';
import type { WithMetadata } from './epoch.ts';

/** Key in a LOG stream's metadata with the offsets that neither it nor MongoDB has any more: `11-20,40-55`. */
export const LOST_KEY = 'chat-lost';

/** Ranges that are kept apart; of more, the oldest are joined with what lies between them. */
const MOST = 32;

/** Lost ranges of a stream's incarnation, ascending. A part that cannot be read is left out. Pure. */
export function lostRangesOf(info: WithMetadata): OffsetRange[] {
  const text = info.config.metadata?.[LOST_KEY] ?? '';
  return text.split(',').flatMap(part => {
    const [, from, to] = /^(\d+)-(\d+)$/.exec(part) ?? [];
    return from === undefined ? [] : [{ from: Number(from), to: Number(to) }];
  });
}

/** The value of {@link LOST_KEY} with one more range. Pure. */
export function withLostRange(ranges: readonly OffsetRange[], added: OffsetRange): string {
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of [...ranges, added].sort((a, b) => a.from - b.from)) {
    const before = merged.at(-1);
    if (before && from <= before.to + 1) before.to = Math.max(before.to, to);
    else merged.push({ from, to });
  }
  const oldest = merged.splice(0, merged.length - MOST + 1);
  const from = oldest[0]?.from ?? 0;
  const joined = [{ from, to: oldest.at(-1)?.to ?? from }, ...merged];
  return (oldest.length > 0 ? joined : merged).map(range => `${range.from}-${range.to}`).join(',');
}
