import { type JetStreamManager, orNull, STREAM_NOT_FOUND, type StreamInfo } from './jetstream-api.ts';
import { stalled } from './stream-plan.ts';

const LOOK_MS = 100;

/** Reads LIVE, and waits up to `ms` while it is stalled: a server that was restarted takes a moment to connect it to LOG. */
export async function mirrorSettled(jsm: JetStreamManager, name: string, ms: number): Promise<StreamInfo | null> {
  const deadline = performance.now() + ms;
  for (;;) {
    const live = await orNull(jsm.streams.info(name), STREAM_NOT_FOUND);
    if (!live || !stalled(live) || performance.now() > deadline) return live;
    await new Promise(resolve => setTimeout(resolve, LOOK_MS));
  }
}
