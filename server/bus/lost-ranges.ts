import type { OffsetRange } from '../room/log.ts';
import type { WithMetadata } from './epoch.ts';

/** Key in a LOG stream's metadata of the offsets that neither LOG nor MongoDB has any more, such as `11-20,40-55`. */
export const LOST_KEY = 'chat-lost';

/** Most ranges; beyond it the oldest ones are merged, including the offsets between them. */
const MOST = 32;

/** Lost ranges of a stream's epoch, ascending. Leaves out parts that cannot be parsed. Pure. */
export function lostRangesOf(info: WithMetadata): OffsetRange[] {
  const text = info.config.metadata?.[LOST_KEY] ?? '';
  return text.split(',').flatMap(part => {
    const [, from, to] = /^(\d+)-(\d+)$/.exec(part) ?? [];
    return from === undefined ? [] : [{ from: Number(from), to: Number(to) }];
  });
}

/** Value of {@link LOST_KEY} with one more range. Pure. */
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
