import type { NatsConnection } from '@nats-io/transport-node';
import type { JetStreamManager } from './jetstream-api.ts';
import { type Names, roomOfToken, roomToken } from './names.ts';
import { scanStream } from './scan.ts';

const SCAN = { batch: 1_000, maxBytes: 1024 * 1024, waitMs: 2_000 };

/**
 * Calls `work` with the names of all rooms that the bucket POLICY has a value of, page by page. Reads no values.
 * @throws {ScanBroken} {@link PullFailed} if the read has to start again
 */
export async function policyRooms(
  connection: NatsConnection,
  jsm: JetStreamManager,
  { policyBucket }: Pick<Names, 'policyBucket'>,
  work: (rooms: readonly string[]) => Promise<void>,
): Promise<void> {
  const stream = `KV_${policyBucket}`;
  const prefix = `$KV.${policyBucket}.r.`;
  const { last_seq: last, messages } = (await jsm.streams.info(stream)).state;
  if (messages === 0) return;
  await scanStream({ connection, jsm, stream, headersOnly: true }, async scan => {
    for (let at = 0; at < last; ) {
      const page = await scan(SCAN);
      // A value that is replaced meanwhile comes again above `last`.
      const reached = page.at(-1)?.sequence;
      if (reached === undefined) throw new Error(`the scan of ${stream} ended at ${at} of ${last}`);
      const tokens = page
        .filter(({ subject }) => subject.startsWith(prefix))
        .map(each => each.subject.slice(prefix.length));
      await work(tokens.map(roomOfToken).filter((room, index) => roomToken(room) === tokens[index]));
      at = reached;
    }
  });
}
