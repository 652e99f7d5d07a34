import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { ENVELOPE_VERSION, type Envelope, HEADERS, NO_TARGETS, type StoredMessage } from '../room/message.ts';

/** Makes the headers of an envelope. */
export function writeEnvelope(envelope: Envelope): MsgHdrs {
  const out = headers();
  out.set(HEADERS.version, String(ENVELOPE_VERSION));
  out.set(HEADERS.type, envelope.type);
  out.set(HEADERS.time, String(envelope.time));
  out.set(HEADERS.user, encodeURIComponent(envelope.user));
  out.set(HEADERS.client, envelope.client);
  if (envelope.id !== '') out.set(HEADERS.id, envelope.id);
  if (envelope.dedupe !== '') out.set(HEADERS.dedupe, envelope.dedupe);
  if (envelope.cv > 0) out.set(HEADERS.control, String(envelope.cv));
  if (envelope.seen > 0) out.set(HEADERS.seen, String(envelope.seen));
  if (envelope.targets.length > 0) out.set(HEADERS.targets, envelope.targets.join(','));
  if (envelope.mentions !== undefined) out.set(HEADERS.mentions, envelope.mentions);
  if (envelope.traceparent !== '') out.set(HEADERS.traceparent, envelope.traceparent);
  return out;
}

/** Makes a message of the headers and body in a stream. Missing headers, of another writer or version, read as empty. */
export function readEnvelope(
  room: string,
  epoch: string,
  offset: number,
  found: MsgHdrs | undefined,
  body: Uint8Array,
): StoredMessage {
  const mentions = found?.get(HEADERS.mentions);
  return {
    room,
    epoch,
    offset,
    type: typeOf(found?.get(HEADERS.type)),
    id: found?.get(HEADERS.id) ?? '',
    dedupe: found?.get(HEADERS.dedupe) ?? '',
    time: Number(found?.get(HEADERS.time)) || 0,
    user: decodeUser(found?.get(HEADERS.user) ?? ''),
    client: found?.get(HEADERS.client) ?? '',
    traceparent: found?.get(HEADERS.traceparent) ?? '',
    cv: versionOf(found?.get(HEADERS.control)),
    seen: versionOf(found?.get(HEADERS.seen)),
    targets: targetsOf(found?.get(HEADERS.targets)),
    // Of a value that is not known the narrower one.
    ...(mentions ? { mentions: mentions === 'All' ? 'All' : 'Joined' } : {}),
    body,
  };
}

/** Returns constants for the known types: a substring in a tail would keep the text of all headers in memory. */
function typeOf(header: string | undefined): string {
  if (header === 'message') return 'message';
  return header || 'publish';
}

/** Version in a header; 0 for none, and for one that no gateway wrote. */
const versionOf = (header: string | undefined) => (header && /^\d{1,15}$/.test(header) ? Number(header) : 0);

/** Offsets in a header. Leaves out what is none: not written by a gateway. */
function targetsOf(header: string | undefined): readonly number[] {
  if (!header) return NO_TARGETS;
  const offsets = header.split(',').filter(part => /^[1-9]\d{0,14}$/.test(part));
  return offsets.length === 0 ? NO_TARGETS : offsets.map(Number);
}

function decodeUser(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded; // not written by a gateway
  }
}
