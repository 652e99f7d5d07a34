import { createHash } from 'node:crypto';
import { controlBody } from '../fold/control.ts';
import { isDirect } from '../fold/direct.ts';
import type { RoomState } from '../fold/room-state.ts';
import { roomStateJson } from '../fold/room-state-json.ts';
import { controlKey } from '../room/control-key.ts';
import { type Envelope, NO_TARGETS, PAIR } from '../room/message.ts';

/**
 * Distance of a snapshot above the version that it follows: more than the versions of one room that can be lost. Gateways and clients
 * may know a version that nothing has any more; they take the snapshot, because its version is higher.
 */
export const LOST_VERSIONS = 1_000_000;

/** An entry to publish. */
export interface SnapshotEntry {
  readonly body: Uint8Array;
  readonly envelope: Envelope;
}

/**
 * Makes the entry with the whole state of a room, which counts without the entries before it. Its key is that of the version after `cv`: of
 * all snapshots and acts that follow this version one is stored.
 * @param time milliseconds since 1970
 * @param cv highest version that is known to exist. Default: that of the state
 */
export function snapshotOf(room: string, state: RoomState, time: number, cv = state.cv): SnapshotEntry {
  const dedupe = controlKey(room, cv + 1);
  const id = uuidOf(createHash('sha256').update(dedupe).digest());
  const next = cv + LOST_VERSIONS;
  const control = { act: 'snapshot', state: roomStateJson(state) } as const;
  const type = isDirect(state) ? PAIR : 'room'; // the state tells of blocks
  const body = Buffer.from(JSON.stringify(controlBody({ id, cv: next, by: '', time, control }, type)));
  const none = { user: '', client: '', traceparent: '', targets: NO_TARGETS, seen: 0 } as const;
  return { body, envelope: { type, id, dedupe, time, cv: next, ...none } };
}

/** A UUID of version 8 made of a hash. */
export function uuidOf(hash: Buffer): string {
  const hex = hash.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
