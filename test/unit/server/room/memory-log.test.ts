import { MemoryLog } from '../../../support/chat/memory-log.ts';
import { MemoryStore } from '../../../support/chat/memory-store.ts';
import { roomLogContract } from '../../../support/chat/room-log-contract.ts';

roomLogContract('in memory', async () => {
  const log = new MemoryLog(new MemoryStore());
  return { log, purge: async (upTo, noted) => log.purge(upTo, noted) };
});
