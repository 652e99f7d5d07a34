import assert from 'node:assert/strict';
import { type Collection, MongoClient } from 'mongodb';
import { connectNats } from '../../../server/bus/connect.ts';
import { digests } from '../../../server/bus/digests.ts';
import type { WithMetadata } from '../../../server/bus/epoch.ts';
import { apiRequest, managerOf } from '../../../server/bus/jetstream-api.ts';
import type { Digest } from '../../../server/bus/last-entry.ts';
import { lostRangesOf } from '../../../server/bus/lost-ranges.ts';
import { names as namesOf, partitionOf } from '../../../server/bus/names.ts';
import { policyKv } from '../../../server/bus/policy-kv.ts';
import { roomLog } from '../../../server/bus/room-log.ts';
import type { RoomState } from '../../../server/fold/room-state.ts';
import { readRoomState } from '../../../server/fold/room-state-json.ts';
import { type GivenSettings, readGivenSettings } from '../../../server/fold/user-settings.ts';
import { type PolicyProgress, progressKey, readProgress } from '../../../server/membership/policy-progress.ts';
import type { OffsetRange } from '../../../server/room/log.ts';
import type { Config } from '../../../server/settings/config.ts';
import { systemClock } from '../../../server/time/clock.ts';
import type { Teardown } from '../../../tools/support/backends.ts';
import { publishContact } from './contact-entries.ts';
import { publishChange, publishControl, publishSeen } from './control-entries.ts';
import { isFilled } from './filled-policy.ts';

/** Looks into the streams and the database of a ChatCluster, past its processes. */
export interface Inspect {
  /** First offset in the stream of a room's partition: everything below has been purged. */
  firstOffset(room: string): Promise<number>;
  /** First offset in the LIVE stream of a room's partition. */
  firstLive(room: string): Promise<number>;
  /** Last offset in the stream of a room's partition. */
  lastOffset(room: string): Promise<number>;
  /** Offsets that a room's partition lost for ever. */
  lost(room: string): Promise<OffsetRange[]>;
  /** True once workers have noted the last message of a room in LAST. */
  isNoted(room: string): Promise<boolean>;
  collection(name: string): Collection;
  /** Messages in MongoDB. */
  storedCount(): Promise<number>;
  /** Messages that MongoDB refused and the worker set aside. */
  rejectedCount(): Promise<number>;
  /** State of a room in POLICY; null for none. */
  policy(key: { readonly room: string }): Promise<RoomState | null>;
  /** The value of a room in POLICY as it is now, and a way back to it. */
  rawPolicy(key: { readonly room: string }): Promise<{ putBack(): Promise<void> }>;
  /** Part that POLICY has of the log of a room's partition; null for nothing that is known. */
  policyProgress(room: string): Promise<PolicyProgress | null>;
  /** Settings that a user has changed, in POLICY. */
  settings(user: string): Promise<GivenSettings | null>;
  /** True if POLICY lacks nothing. */
  policyComplete(): Promise<boolean>;
  /** Removes everything from POLICY. */
  wipePolicy(): Promise<void>;
  /** Removes everything from all LAST streams. */
  wipeLast(): Promise<void>;
  /** Digest of a room in LAST; null for none. */
  digest(room: string): Promise<Digest | null>;
  /** Entries in the inbox of a user that a room or another user is the cause of, as far as LOG has them. */
  inbox(user: string): Promise<readonly object[]>;
  /** Stores a control entry as a gateway does that ends right after it. */
  publishControl(...entry: Rest<typeof publishControl>): Promise<void>;
  /** Stores an act of a user on another one as a gateway does that ends right after it. */
  publishContact(...entry: Rest<typeof publishContact>): Promise<void>;
  /** Stores a message that its gateway checked against a version of the room. @returns its offset */
  publishSeen(...entry: Rest<typeof publishSeen>): Promise<number>;
  /** Stores an edit, delete or reaction that its gateway checked against a version of the room. @returns its offset */
  publishChange(...entry: Rest<typeof publishChange>): Promise<number>;
}

/** Parameters after the log. */
type Rest<F extends (...args: never[]) => unknown> = Parameters<F> extends [unknown, ...infer R] ? R : never;

export async function inspect(t: Teardown, config: Config): Promise<Inspect> {
  const names = namesOf(config.instance);
  const nats = await connectNats(config, 'test');
  t.after(() => nats.close());
  const mongo = new MongoClient(config.mongodbUri, { serverSelectionTimeoutMS: 5_000 });
  t.after(() => mongo.close());
  const policy = policyKv(nats, names);
  const log = roomLog(nats, nats, {
    names,
    partitions: config.partitions,
    publishTimeoutMs: () => config.publishTimeoutMs,
    now: systemClock.now,
  });
  const count = (collection: string) => mongo.db(names.database).collection(collection).countDocuments();
  const info = async (stream: string) => {
    const answer = await apiRequest<WithMetadata & { state: { first_seq: number; last_seq: number } }>(
      nats,
      `STREAM.INFO.${stream}`,
      {},
      5_000,
    );
    if ('error' in answer) throw new Error(answer.error.description);
    return answer.ok;
  };
  const logOf = (room: string) => names.logStream(partitionOf(room, config.partitions));
  return {
    firstOffset: async room => (await info(logOf(room))).state.first_seq,
    lastOffset: async room => (await info(logOf(room))).state.last_seq,
    firstLive: async room => (await info(names.liveStream(partitionOf(room, config.partitions)))).state.first_seq,
    lost: async room => lostRangesOf(await info(logOf(room))),
    isNoted: async room =>
      (await log.newest(partitionOf(room, config.partitions), [room])).get(room)?.countable !== null,
    collection: name => mongo.db(names.database).collection(name),
    storedCount: () => count('messages'),
    rejectedCount: () => count('rejected'),
    policy: async key => readRoomState((await policy.read(key))?.value),
    async rawPolicy(key) {
      const before = await policy.read(key);
      return {
        async putBack() {
          const revision = (await policy.read(key))?.revision ?? 0;
          assert.ok(await policy.write(key, before?.value ?? '', revision));
        },
      };
    },
    policyProgress: async room =>
      readProgress((await policy.read(progressKey(partitionOf(room, config.partitions))))?.value),
    settings: async user => readGivenSettings((await policy.read({ settings: user }))?.value),
    policyComplete: () => isFilled(policy),
    wipePolicy: async () => void (await (await managerOf(nats)).streams.purge(`KV_${names.policyBucket}`)),
    wipeLast: async () => {
      const { streams } = await managerOf(nats);
      for (let index = 0; index < config.partitions; index++) await streams.purge(names.lastStream(index));
    },
    digest: async room =>
      (await digests(nats, names).readSurely(partitionOf(room, config.partitions), room))?.value ?? null,
    inbox: async user =>
      (await log.readAfter(`user:${user}`, 0, 1_000)).messages
        .filter(({ type }) => ['member', 'invite', 'dm', 'friend', 'pair', 'mention'].includes(type))
        .map(({ body }) => JSON.parse(Buffer.from(body).toString()) as object),
    publishControl: async (...entry) => void (await publishControl(log, ...entry)),
    publishContact: async (...entry) => void (await publishContact(log, ...entry)),
    publishSeen: async (...entry) => (await publishSeen(log, ...entry)).offset,
    publishChange: async (...entry) => (await publishChange(log, ...entry)).offset,
  };
}
