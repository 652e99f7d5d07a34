import type { JetStreamManager } from './jetstream-api.ts';
import type { Names } from './names.ts';

/** Returns a function that reads an offset of a partition below which neither LOG nor LIVE has an entry, now and later. */
export function firstKept(jsm: JetStreamManager, names: Names): (partition: number) => Promise<number> {
  return async partition => {
    const streams = [names.logStream(partition), names.liveStream(partition)];
    const infos = await Promise.all(streams.map(stream => jsm.streams.info(stream)));
    return Math.min(...infos.map(({ state }) => state.first_seq));
  };
}
