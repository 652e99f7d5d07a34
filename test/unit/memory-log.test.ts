import { MemoryLog } from '../support/memory-log.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { roomLogContract } from '../support/room-log-contract.ts';

roomLogContract('in memory', async () => {
  const log = new MemoryLog(new MemoryStore());
  return { log, purge: async (upTo, noted) => log.purge(upTo, noted) };
});
