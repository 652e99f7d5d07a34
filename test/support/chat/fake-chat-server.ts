import { CallError } from '../../../client/call-error.ts';
import { entryOf, type Message } from '../../../client/message.ts';
import type {
  Connection,
  HistoryPage,
  HistoryRequest,
  Member,
  Publication,
  RoomHandlers,
  RoomLink,
  Transport,
} from '../../../client/transport.ts';
import type { ParamsOf, ResultOf, VerbName } from '../../../client/verbs.ts';
import type { Entry, Target } from '../../../server/fold/entry.ts';
import { RoomFold } from '../../../server/fold/room-fold.ts';

type Sent = ParamsOf<'message.send'>;

type List = ParamsOf<'message.list'>;
type Get = ParamsOf<'message.get'>;
type Items = ResultOf<'message.list'>;

/** Verbs that store an entry, with the type of that entry. */
const ENTRIES: Partial<Record<VerbName, string>> = {
  'message.send': 'message',
  'message.edit': 'edit',
  'message.delete': 'delete',
  'message.react': 'reaction',
};

/**
 * The client's port to a chat server, without a network: rooms with offsets that have gaps, recovery, deduplication by id
 * and the answers a test asks for. Everything answers a microtask later, like a connection.
 */
export class FakeChatServer implements Transport {
  /** Parameters of every call that stores an entry and reached the server, repeats too. */
  readonly sends: Sent[] = [];
  readonly histories: HistoryRequest[] = [];
  epoch = 'epoch-1';
  /** True if a room that subscribes again gets what it missed. */
  recovers = true;
  /** Answers the next of these calls, one each, before the real answer: `lost` stores but does not answer. */
  readonly sendFaults: (CallError | 'lost')[] = [];
  /** The server's time, milliseconds since 1970; null: it does not say. */
  time: () => number | null = () => null;
  /** Error with which every such call is refused; null to accept. */
  refuses: (sent: Sent) => CallError | null = () => null;
  /** Answers the next reads of messages, one each, of whatever kind. */
  readonly historyFaults: CallError[] = [];
  /** False for a gateway of an older version, which does not know `message.list` and `message.get`. */
  folds = true;
  /** Parameters of these calls. */
  readonly lists: List[] = [];
  readonly gets: Get[] = [];
  /** Marks of the calls of `receipt.mark`. */
  readonly marks: ParamsOf<'receipt.mark'>['marks'][number][] = [];
  /** Sends something to the user. */
  readonly message: (data: unknown) => void;
  /** True for the text of a message that a list leaves out; one of nothing else says from where it goes on. */
  leavesOut: (text: string) => boolean = () => false;
  /** Users that their answers name for one emoji. */
  named = Number.POSITIVE_INFINITY;
  /** Offsets by which their answers lag behind. */
  lag = 0;
  members: Member[] = [];
  /** Connections above which a room is only counted. */
  mostListed = Number.POSITIVE_INFINITY;
  readonly #user: string;
  readonly #onConnection: (connection: Connection) => void;
  readonly #rooms = new Map<string, Publication[]>();
  readonly #links = new Map<string, RoomHandlers>();
  readonly #delivered = new Map<string, number>();
  #offset = 10;
  #online = false;

  constructor(
    user: string,
    onConnection: (connection: Connection) => void,
    onMessage: (data: unknown) => void = () => undefined,
  ) {
    this.#user = user;
    this.#onConnection = onConnection;
    this.message = onMessage;
  }

  connect(): void {
    this.#online = true;
    this.#onConnection({
      phase: 'connected',
      client: 'client-1',
      gateway: 'gateway-1',
      version: '1',
      time: this.time(),
    });
    for (const room of this.#links.keys()) this.#subscribe(room);
  }

  disconnect(): void {
    this.#online = false;
    this.#onConnection({ phase: 'connecting', code: 1, reason: 'transport closed' });
    for (const handlers of this.#links.values()) handlers.interrupted();
  }

  /** Publishes `data` to subscribers that are online. Returns its offset. */
  publish(room: string, data: unknown, user = 'bob', type = 'publish'): number {
    // Other rooms of the partition take offsets too.
    const offset = this.#offset + 3;
    this.append(room, { offset, data, sender: { user, client: `${user}-1` }, type });
    return offset;
  }

  /** Sends an event, which has no offset, to a subscriber that is online. */
  event(room: string, type: string, data: object): void {
    if (this.#online) this.#links.get(room)?.publication({ offset: 0, type, data: { type, ...data }, sender: null });
  }

  /** Publishes at an offset above all others. */
  append(room: string, publication: Publication): void {
    this.#offset = publication.offset;
    this.log(room).push(publication);
    if (this.#online) this.#deliver(room, publication);
  }

  /** Sends a message as another user. Returns its offset. */
  say(room: string, text: string, user = 'bob'): number {
    const data = { type: 'message', id: `id-of-${text}`, text, time: this.#offset };
    return this.publish(room, data, user, 'message');
  }

  /** The stream is made anew: offsets begin again. */
  startOver(epoch: string): void {
    this.epoch = epoch;
    this.#offset = 0;
    this.#rooms.clear();
  }

  /** Entries of a room that are served: a text goes with its message. */
  #served(room: string): Publication[] {
    const entries = this.log(room).map(publication => ({ publication, entry: entryOf(publication) }));
    const deleted = new Set(entries.flatMap(({ entry }) => (entry?.type === 'delete' ? entry.targets.map(keyOf) : [])));
    const isText = (entry: Entry | null) =>
      entry?.type === 'message'
        ? keyOf({ target: entry.offset, of: entry.id })
        : entry?.type === 'edit' && keyOf(entry);
    return entries.filter(({ entry }) => !deleted.has(String(isText(entry)))).map(({ publication }) => publication);
  }

  log(room: string): Publication[] {
    let publications = this.#rooms.get(room);
    if (!publications) {
      publications = [];
      this.#rooms.set(room, publications);
    }
    return publications;
  }

  async call<V extends VerbName>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V>> {
    await null;
    if (!this.#online) throw new CallError(3, 'client disconnected', true);
    if (this.folds && verb === 'message.list') return (await this.#list(params as List)) as ResultOf<V>;
    if (this.folds && verb === 'message.get') return (await this.#get(params as Get)) as ResultOf<V>;
    if (verb === 'receipt.mark') {
      const { marks } = params as ParamsOf<'receipt.mark'>;
      this.marks.push(...marks);
      return { applied: marks.map(() => true) } as unknown as ResultOf<V>;
    }
    const type = ENTRIES[verb];
    if (type === undefined) throw new CallError(104, 'method not found', false);
    return this.#store(type, params as Sent) as ResultOf<V>;
  }

  async #list(request: List): Promise<Items> {
    this.lists.push(request);
    const { room, limit = 50, before = Number.POSITIVE_INFINITY, around } = request;
    const page = this.#folded(room).filter(({ offset }) => offset < before);
    if (around !== undefined) {
      const [older, newer] = [
        page.filter(({ offset }) => offset <= around),
        page.filter(({ offset }) => offset > around),
      ];
      return await this.#answer([...older.slice(-Math.ceil(limit / 2)), ...newer.slice(0, Math.floor(limit / 2))]);
    }
    const asked = page.slice(-limit);
    const oldest = asked[0]?.offset;
    const left = asked.filter(({ text }) => !this.leavesOut(text));
    const answer = await this.#answer(left);
    return oldest === undefined || left.length > 0 ? answer : { ...answer, items: [skippedAt(oldest)] };
  }

  async #get(request: Get): Promise<Items> {
    this.gets.push(request);
    const isAsked = ({ offset, id }: Message) => request.ids.some(({ target, of }) => target === offset && of === id);
    return await this.#answer(this.#folded(request.room).filter(isAsked));
  }

  /** Answers what the server knew when it was asked. */
  async #answer(messages: readonly Message[]): Promise<Items> {
    const { epoch } = this;
    const upto = this.#offset - this.lag;
    await null;
    const fault = this.historyFaults.shift();
    if (fault) throw fault;
    return { items: messages.map(message => itemOf(message, this.named)), upto, epoch };
  }

  #folded(room: string): Message[] {
    const fold = new RoomFold();
    for (const publication of this.log(room)) {
      const entry = publication.offset <= this.#offset - this.lag ? entryOf(publication) : null;
      if (entry) fold.add(entry);
    }
    return fold.messages();
  }

  #store(type: string, sent: Sent): ResultOf<'message.send'> {
    this.sends.push(sent);
    const refusal = this.refuses(sent);
    if (refusal) throw refusal;
    const fault = this.sendFaults.shift();
    if (fault instanceof CallError) throw fault;
    const { room, id, ...content } = sent;
    const stored = this.log(room).find(({ data }) => (data as Sent).id === id);
    const offset = stored?.offset ?? this.publish(room, { type, id, ...content, time: 1 }, this.#user, type);
    if (fault === 'lost') throw new CallError(1, 'timeout', true);
    return { offset, epoch: this.epoch, duplicate: stored !== undefined };
  }

  join(room: string, handlers: RoomHandlers): RoomLink {
    this.#links.set(room, handlers);
    if (this.#online) queueMicrotask(() => this.#subscribe(room));
    return {
      history: request => this.#history(room, request),
      presence: async () => {
        if (this.members.length > this.mostListed) throw new CallError(106, 'limit exceeded', false);
        return this.members;
      },
      countUsers: async () => new Set(this.members.map(({ user }) => user)).size,
      close: () => void this.#links.delete(room),
    };
  }

  #subscribe(room: string): void {
    const handlers = this.#links.get(room);
    if (!handlers) return;
    const held = this.#delivered.get(room);
    const top = this.log(room).at(-1)?.offset ?? 0;
    const recovered = held !== undefined && this.recovers;
    this.#delivered.set(room, recovered ? held : top);
    handlers.subscribed({ offset: recovered ? held : top, epoch: this.epoch }, recovered);
    if (!recovered) return;
    for (const publication of this.#served(room)) if (publication.offset > held) this.#deliver(room, publication);
  }

  #deliver(room: string, publication: Publication): void {
    const handlers = this.#links.get(room);
    if (!handlers) return;
    this.#delivered.set(room, publication.offset);
    handlers.publication(publication);
  }

  async #history(room: string, request: HistoryRequest): Promise<HistoryPage> {
    this.histories.push(request);
    const { epoch } = this;
    const all = this.#served(room);
    await null;
    const fault = this.historyFaults.shift();
    if (fault) throw fault;
    const { since, reverse = false, limit } = request;
    if (since && since.epoch !== epoch) throw new CallError(112, 'unrecoverable position', false);
    const found = all.filter(({ offset }) => !since || (reverse ? offset < since.offset : offset > since.offset));
    if (reverse) found.reverse();
    return { publications: found.slice(0, limit), top: { offset: all.at(-1)?.offset ?? 0, epoch } };
  }
}

const skippedAt = (offset: number): Items['items'][number] => ({
  offset,
  id: '',
  type: 'skipped',
  user: '',
  time: 0,
  rev: offset,
});

const keyOf = ({ target, of }: Target) => `${target} ${of}`;

function itemOf({ text, deleted, reactions, replyTo, ...message }: Message, named: number): Items['items'][number] {
  const counts = reactions.map(({ emoji, users }) => ({ emoji, users: users.slice(0, named), n: users.length }));
  return {
    ...message,
    type: 'message',
    ...(deleted > 0 ? { deleted } : { text }),
    ...(counts.length > 0 ? { reactions: counts } : {}),
    ...(replyTo ? { replyTo } : {}),
  };
}
