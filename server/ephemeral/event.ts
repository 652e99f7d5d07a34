/** Content of an event: JSON, with the type by which clients know it. */
export interface EventBody {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Event for the subscribers of a room. */
export interface RoomEvent {
  readonly room: string;
  readonly data: EventBody;
  /** Users whose connections do not get it. */
  readonly except: readonly string[];
}

/** Event for all connections of a user. */
export interface UserEvent {
  readonly user: string;
  readonly data: EventBody;
}

/** Event for the gateways that watch a user, about that user. */
export interface WatchedEvent {
  readonly watched: string;
  readonly data: EventBody;
}

export type EphemeralEvent = RoomEvent | UserEvent | WatchedEvent;

/** Makes the text of a batch from the JSON texts of its events. */
export const batchOf = (events: readonly string[]): string => `{"events":[${events.join(',')}]}`;

/**
 * Reads a batch of another gateway, perhaps of another release: fields that are not known here are ignored, and events that cannot be
 * read are left out. Never throws.
 */
export function readBatch(text: string): EphemeralEvent[] {
  const { events } = fieldsOf(parse(text));
  return Array.isArray(events) ? events.map(readEvent).filter(event => event !== null) : [];
}

function readEvent(value: unknown): EphemeralEvent | null {
  const { room, user, watched, data, except = [] } = fieldsOf(value);
  const { type } = fieldsOf(data);
  if (!isText(type)) return null;
  if (isText(user)) return { user, data: data as EventBody };
  if (isText(watched)) return { watched, data: data as EventBody };
  return isText(room) && isTexts(except) ? { room, data: data as EventBody, except } : null;
}

/** Texts that can be encoded for clients. */
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.isWellFormed();
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && (value as unknown[]).every(isText);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
