import { Binary, type Collection } from 'mongodb';
import type { RejectedMessage } from '../room/history-store.ts';
import { type MessageDocument, toDocument } from './document.ts';
import { DURABLE } from './mongo-connection.ts';
import { where } from './queries.ts';

/** A message in the collection `rejected`. An unreadable one is kept byte for byte, with its headers. */
export interface RejectedDocument extends MessageDocument {
  readonly reason: string;
  readonly code: number | 'unreadable';
  readonly headers?: Binary;
}

/** Sets a message aside in the collection `rejected`; idempotent. */
export async function setAside(
  collection: Collection<RejectedDocument>,
  partition: number,
  { message, reason, code, headers }: RejectedMessage,
): Promise<void> {
  const raw = code === 'unreadable' ? { body: new Binary(message.body), headers: new Binary(headers) } : {};
  const document: RejectedDocument = { ...toDocument(partition, message), reason, code, ...raw };
  const filter = where<'rejected.one', RejectedDocument>('rejected.one', { _id: document._id });
  await collection.replaceOne(filter, document, { upsert: true, writeConcern: DURABLE });
}
