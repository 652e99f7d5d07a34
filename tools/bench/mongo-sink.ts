/**
 * Answers the wire protocol of MongoDB and keeps nothing but positions of folds: what a worker costs without its database. Run as a
 * process of its own; sends its port to its parent. A find in `messages` answers a message of `m<offset>`, one in `reactions` three
 * votes; every write succeeds.
 */
import { createServer, type Socket } from 'node:net';
import { BSON } from 'mongodb';

const HEADER_BYTES = 16;
const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
/** Sizes of sections and of flags. */
const FLAG_BYTES = 4;
const LENGTH_BYTES = 4;

type Document = Readonly<Record<string, unknown>>;

interface Command {
  readonly body: Document;
  /** Documents of a write, in a section of their own. */
  readonly sequence: readonly Buffer[];
}

const HELLO = {
  helloOk: true,
  isWritablePrimary: true,
  ismaster: true,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  minWireVersion: 0,
  maxWireVersion: 17,
  readOnly: false,
  ok: 1,
};

/** Positions by their keys. */
const folds = new Map<unknown, Document>();

/** Documents of a write, by the name of its command. */
const PARTS: Readonly<Record<string, string>> = { insert: 'documents', update: 'updates', delete: 'deletes' };

const cursorOf = (collection: unknown, firstBatch: readonly Document[]) => ({
  cursor: { id: 0n, ns: `bench.${String(collection)}`, firstBatch },
  ok: 1,
});

function found(collection: string, filter: Document): Document[] {
  if (collection === 'folds') return [folds.get(filter['_id'])].filter(document => document !== undefined);
  if (collection === 'messages') return [messageAt(String(filter['room']), Number(filter['offset']))];
  if (collection === 'reactions')
    return ['ann', 'bob', 'eve'].map((user, at) => ({ _id: user, user, emoji: '👍', on: true, at: at + 1 }));
  return [];
}

function messageAt(room: string, offset: number): Document {
  const id = `m${offset}`;
  const body = JSON.stringify({ type: 'message', id, text: 'a message of the usual length, as people send', time: 1 });
  return {
    _id: id,
    partition: 0,
    room,
    epoch: 'e',
    offset,
    type: 'message',
    id,
    time: new Date(1),
    user: 'ann',
    client: 'c',
    body,
  };
}

function save(update: Document): void {
  const { q, u } = update as { readonly q: Document; readonly u: { readonly $set?: Document } };
  folds.set(q['_id'], { _id: q['_id'], ...u.$set });
}

function answer(command: Command): Document {
  const { body } = command;
  const [name = ''] = Object.keys(body);
  const collection = String(body[name]);
  if (name === 'listIndexes') return cursorOf(collection, []);
  if (name === 'find') return cursorOf(collection, found(collection, body['filter'] as Document));
  const part = PARTS[name];
  if (part === undefined) return HELLO;
  const inBody = (body[part] ?? []) as readonly Document[];
  if (collection === 'folds')
    for (const each of [...inBody, ...command.sequence.map(read)])
      if (name === 'insert') folds.set(each['_id'], each);
      else save(each);
  const n = inBody.length + command.sequence.length;
  return { n, ...(name === 'update' ? { nModified: n } : {}), ok: 1 };
}

const read = (document: Buffer): Document => BSON.deserialize(document) as Document;

function commandOf(message: Buffer): Command {
  let at = HEADER_BYTES + FLAG_BYTES;
  let body: Document = {};
  const sequence: Buffer[] = [];
  while (at < message.length) {
    const kind = message[at++];
    const end = at + message.readInt32LE(at);
    if (kind === 0) body = read(message.subarray(at, end));
    else
      for (let from = message.indexOf(0, at + LENGTH_BYTES) + 1; from < end; from += message.readInt32LE(from))
        sequence.push(message.subarray(from, from + message.readInt32LE(from)));
    at = end;
  }
  return { body, sequence };
}

function send(socket: Socket, request: Buffer, code: number, parts: readonly Uint8Array[]): void {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeInt32LE(HEADER_BYTES + parts.reduce((sum, { length }) => sum + length, 0), 0);
  header.writeInt32LE(request.readInt32LE(4), 8);
  header.writeInt32LE(code, 12);
  socket.write(Buffer.concat([header, ...parts]));
}

function take(socket: Socket, message: Buffer): void {
  const code = message.readInt32LE(12);
  if (code === OP_MSG)
    send(socket, message, OP_MSG, [Buffer.alloc(FLAG_BYTES + 1), BSON.serialize(answer(commandOf(message)))]);
  else if (code === OP_QUERY) {
    const head = Buffer.alloc(20);
    head.writeInt32LE(1, 16);
    send(socket, message, OP_REPLY, [head, BSON.serialize(HELLO)]);
  }
}

const server = createServer(socket => {
  let waiting: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.on('data', chunk => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    while (waiting.length >= LENGTH_BYTES && waiting.length >= waiting.readInt32LE(0)) {
      const length = waiting.readInt32LE(0);
      take(socket, waiting.subarray(0, length));
      waiting = waiting.subarray(length);
    }
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' && address ? address.port : 0);
});
