import { onResume } from '../bus/resume.ts';
import { Rechecks } from '../room/rechecks.ts';
import type { Rooms } from '../room/rooms.ts';
import type { Config } from '../settings/config.ts';
import type { Nats } from './nats.ts';
import type { Part } from './part.ts';

/** Compares the rooms with their streams: a share of them each second, all when live messages may be lost. */
export function rechecksPart(rooms: Rooms, { write, read, names }: Nats, config: Config): Part {
  const rechecks = new Rechecks(rooms, () => config.recheckSeconds);
  const resumed = () => rechecks.resumed(write.flush());
  const stop = onResume([write, read], names, config.partitions, resumed);
  return { tick: () => rechecks.tick(), stop };
}
