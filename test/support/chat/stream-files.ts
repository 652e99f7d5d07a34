import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Files of the streams of a server that is stopped, as they are now. */
export interface StreamFiles {
  /** Puts the files of streams back, whose names match, as a power loss or an older copy does. The server must be stopped. */
  restore(streams: RegExp): void;
}

/** Copies the files of all streams of a server that is stopped. */
export function copyStreams({ dataDir }: { readonly dataDir: string }): StreamFiles {
  const live = join(dataDir, 'jetstream', '$G', 'streams');
  const copy = join(dataDir, 'copy of streams');
  rmSync(copy, { recursive: true, force: true });
  cpSync(live, copy, { recursive: true });
  return {
    restore(streams) {
      const restored = readdirSync(copy).filter(name => streams.test(name));
      if (restored.length === 0) throw new Error(`no stream matches ${streams}`);
      for (const name of restored) {
        rmSync(join(live, name), { recursive: true, force: true });
        cpSync(join(copy, name), join(live, name), { recursive: true });
      }
    },
  };
}
