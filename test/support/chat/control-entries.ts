import { type Control, controlBody, typeOfAct } from '../../../server/fold/control.ts';
import { controlKey } from '../../../server/room/control-key.ts';
import type { RoomLog, Stored } from '../../../server/room/log.ts';
import type { Envelope } from '../../../server/room/message.ts';

const ENVELOPE: Omit<Envelope, 'type' | 'id' | 'user'> = {
  dedupe: '',
  time: 1_000,
  client: '',
  traceparent: '',
  targets: [],
  cv: 0,
  seen: 0,
};

/** Publishes a control entry as a gateway does. @param by user who acts */
export async function publishControl(
  log: Pick<RoomLog, 'publish'>,
  room: string,
  cv: number,
  control: Exclude<Control, { act: 'unknown' }>,
  by = 'ann',
): Promise<Stored> {
  const type = typeOfAct(control.act);
  const id = crypto.randomUUID();
  const body = controlBody({ id, cv, by, time: ENVELOPE.time, control }, type);
  const envelope = { ...ENVELOPE, type, id, user: by, cv, dedupe: controlKey(room, cv) };
  return await log.publish(room, Buffer.from(JSON.stringify(body)), envelope);
}

/** Publishes an entry that changes a message, checked against a version of the room. */
export async function publishChange(
  log: Pick<RoomLog, 'publish'>,
  room: string,
  user: string,
  seen: number,
  change: Readonly<{ type: 'edit' | 'delete' | 'reaction'; targets: readonly number[]; content: object }>,
): Promise<Stored> {
  const { type, targets, content } = change;
  const id = crypto.randomUUID();
  const body = JSON.stringify({ type, id, ...content, time: ENVELOPE.time });
  return await log.publish(room, Buffer.from(body), { ...ENVELOPE, type, id, user, seen, targets });
}

/** Publishes a message of a user, checked against a version of the room. */
export async function publishSeen(
  log: Pick<RoomLog, 'publish'>,
  room: string,
  user: string,
  seen: number,
  text = 'x',
): Promise<Stored> {
  const id = crypto.randomUUID();
  const body = JSON.stringify({ type: 'message', id, text, time: ENVELOPE.time });
  return await log.publish(room, Buffer.from(body), { ...ENVELOPE, type: 'message', id, user, seen });
}
