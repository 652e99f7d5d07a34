import { pino } from 'pino';
import { Policy } from '../../../server/access/policy.ts';
import type { LoadAccess } from '../../../server/access/room-access.ts';
import { SigningSecrets } from '../../../server/access/secrets.ts';
import { tokenVerifier } from '../../../server/access/token.ts';
import { handle } from '../../../server/commands/registry.ts';
import { kindsOf } from '../../../server/contract/room-kind-options.ts';
import { NO_ROOM } from '../../../server/fold/room-state.ts';
import { InvisibleUsers } from '../../../server/presence/invisible-users.ts';
import { Joins } from '../../../server/presence/joins.ts';
import { Presence } from '../../../server/presence/presence.ts';
import type { Codec, Encoding, Frame } from '../../../server/protocol/codec.ts';
import type { CloseCode } from '../../../server/protocol/codes.ts';
import { jsonCodec } from '../../../server/protocol/json.ts';
import { protobufCodec } from '../../../server/protocol/protobuf.ts';
import { fanOut } from '../../../server/room/fan-out.ts';
import { maskedReader } from '../../../server/room/masked-reader.ts';
import { Masks } from '../../../server/room/masks.ts';
import { roomReader } from '../../../server/room/reader.ts';
import { Rooms } from '../../../server/room/rooms.ts';
import { TailBudget } from '../../../server/room/tail.ts';
import type { SessionContext } from '../../../server/session/context.ts';
import { Hub } from '../../../server/session/hub.ts';
import { PAGE_BYTES, pageSlots } from '../../../server/session/pages.ts';
import { SendBudget } from '../../../server/session/send-budget.ts';
import { Session } from '../../../server/session/session.ts';
import { Unsigned } from '../../../server/session/unsigned.ts';
import type { Config } from '../../../server/settings/config.ts';
import { noTrace } from '../../../server/telemetry/message-trace.ts';
import type { Socket } from '../../../server/transport/websocket/socket.ts';
import { SECRET, tokenFor } from '../../../tools/support/token.ts';
import { until } from '../../../tools/support/until.ts';
import { ManualClock } from '../clocks/manual-clock.ts';
import { MemoryLog } from './memory-log.ts';
import { PresenceNet } from './memory-presence-bus.ts';
import { MemoryStore } from './memory-store.ts';
import { NO_CONTROL } from './no-control.ts';
import { testChat, testConfig, testMetrics } from './test-chat.ts';

/** A frame that a test client reads: a reply, a push, or `{}` for a ping. */
export interface Said {
  readonly id?: number;
  readonly error?: { readonly code: number; readonly message: string; readonly temporary?: boolean };
  // biome-ignore lint/suspicious/noExplicitAny: tests look into every kind of reply
  readonly [method: string]: any;
}

/** Sessions of one gateway over memory instead of sockets, NATS and MongoDB, with a clock that moves when told to. */
export class TestGateway {
  readonly clock = new ManualClock();
  readonly store = new MemoryStore();
  readonly log = new MemoryLog(this.store);
  readonly topics = new Map<string, Set<TestClient>>();
  readonly config: Config;
  readonly hub: Hub;
  readonly rooms: Rooms;
  readonly policy: Policy;
  readonly sends: SendBudget;
  readonly context: SessionContext;
  /** Close codes of the connections the gateway ended. */
  readonly ended: number[] = [];
  /** One entry per answered command: true if it counts against the gateway. */
  readonly answers: boolean[] = [];
  /** One entry per checked token: true if it was valid. */
  readonly tokens: boolean[] = [];
  /** Faults of the tokens that were refused. */
  readonly refused: string[] = [];
  surplusPongs = 0;

  constructor(env: Readonly<Record<string, string>> = {}, codecs: Partial<Record<Encoding, Codec>> = {}) {
    const { log, store, clock } = this;
    const now = () => clock.now();
    const wallClock = () => clock.wallClock();
    const config = testConfig(env);
    this.config = config;
    const all = { json: jsonCodec, protobuf: protobufCodec, ...codecs };
    const publish = (topic: string, frame: Frame) => {
      for (const client of this.topics.get(topic) ?? []) client.send(frame);
    };
    const masks = new Masks(log, () => NO_ROOM);
    const reader = maskedReader(
      roomReader(log, store, () => config.recoveryLimit),
      masks,
    );
    this.rooms = new Rooms({
      log,
      reader,
      control: NO_CONTROL,
      masks,
      fanOut: fanOut(all, publish),
      budget: new TailBudget(config),
      lingerMs: () => config.roomLingerSeconds * 1000,
      now,
      soon: run => queueMicrotask(run),
      after: clock.after,
      events: { delivered: () => undefined, repaired: () => undefined, repairFailed: () => undefined },
    });
    this.hub = new Hub({ limits: config, codecs: all, publish, now, surplusPong: () => void this.surplusPongs++ });
    this.sends = new SendBudget({
      limit: () => config.sendBufferTotalBytes,
      holders: () => this.hub.sessions,
      pages: () => this.context.pages.underWay * PAGE_BYTES,
      soon: run => run(),
    });
    const metrics = testMetrics();
    this.policy = new Policy(kindsOf(config));
    const access: LoadAccess = (identity, room) => this.policy.access(identity, room);
    const bus = new PresenceNet().bus();
    const presence = new Presence({
      gateway: config.processName,
      invisible: new InvisibleUsers({ load: () => false, own: () => [] }),
      rooms: this.rooms,
      bus,
      now,
      after: clock.after,
      partial: () => undefined,
      gone: () => undefined,
      resumed: () => undefined,
    });
    this.context = {
      config,
      version: '0',
      codecs: all,
      verify: tokenVerifier(new SigningSecrets(SECRET, { graceMs: () => 0, previous: () => '' }), {
        issuer: '',
        audience: '',
        toleranceSeconds: config.authClockToleranceSeconds,
        now,
        wallClock,
      }),
      refusals: { refused: ({ fault }) => void this.refused.push(fault) },
      chat: testChat({
        clocks: { now, wallClock },
        config,
        access,
        kindOf: room => this.policy.kindOf(room),
        log,
        store,
        metrics,
      }),
      rooms: this.rooms,
      reader,
      presence,
      joins: new Joins({
        gateway: config.processName,
        bus,
        codecs: all,
        members: (room, most) => presence.membersNow(room, most),
        changed: room => presence.changed(room),
        limit: () => config.joinLeaveLimit,
        drops: () => false,
        now,
        after: clock.after,
      }),
      join: {
        reader,
        chunk: () => config.recoveryChunk,
        chunkBytes: config.sendBufferBytes / 4,
        limit: () => config.recoveryLimit,
        recovered: () => undefined,
      },
      pages: pageSlots(config),
      unsigned: new Unsigned(
        () => config.maxUnsignedConnections,
        () => this.context.metrics.limited.inc({ limit: 'unsigned' }),
      ),
      metrics,
      meter: {
        answered: failed => void this.answers.push(failed),
        tokenChecked: valid => void this.tokens.push(valid),
      },
      trace: noTrace,
      logger: pino({ level: 'silent' }),
      now,
      wallClock,
      after: clock.after,
      heartbeat: session => this.hub.heartbeat(session),
    };
  }

  /** A new socket that has said nothing yet. */
  open(encoding: Encoding = 'json'): TestClient {
    const client = new TestClient(this.topics, encoding);
    const session = new Session(client, this.context, {
      handle,
      pong: answered => this.hub.pong(answered),
      closed: gone => {
        this.hub.remove(gone);
        this.context.unsigned.remove(gone);
      },
      ended: close => void this.ended.push(close.code),
    });
    client.session = session;
    this.hub.add(session);
    this.context.unsigned.add(session);
    return client;
  }

  /** A client that has connected. */
  async connect(user = 'alice', claims: Parameters<typeof tokenFor>[1] = {}): Promise<TestClient> {
    const client = this.open();
    client.say({ id: 1, connect: { token: await tokenFor(user, claims) } });
    await client.reply(1);
    return client;
  }
}

/** The client's side of a connection that ends without a close frame. */
const CUT: CloseCode = { code: 1006, reason: '' };

/** A client and its socket: what it says reaches the session at once, what it is told is written down. */
export class TestClient implements Socket {
  readonly encoding: Encoding;
  readonly heard: Said[] = [];
  closed: CloseCode | null = null;
  /** Bytes that wait for it, and that it has been sent and not read. */
  waiting = 0;
  notRead = 0;
  session!: Session;
  readonly #topics: Map<string, Set<TestClient>>;
  readonly #joined = new Set<string>();

  constructor(topics: Map<string, Set<TestClient>>, encoding: Encoding) {
    this.#topics = topics;
    this.encoding = encoding;
  }

  /** Sends commands in one frame. */
  say(...commands: object[]): void {
    this.sayRaw(commands.map(command => JSON.stringify(command)).join('\n'));
  }
  sayRaw(frame: string | Uint8Array): void {
    this.session.message(Buffer.from(frame));
  }

  /** Waits for the reply to a command: tokens are checked on other threads, which takes what it takes. */
  async reply(id: number): Promise<Said> {
    return await this.#until(`reply ${id}`, () => this.heard.find(said => said.id === id));
  }

  /** Waits until the gateway has ended the connection. @returns the close code */
  async close(): Promise<number> {
    return (await this.#until('close', () => this.closed)).code;
  }

  async ask(command: { readonly id: number }): Promise<Said> {
    this.say(command);
    return await this.reply(command.id);
  }

  /** The client closes the connection. */
  hangUp(): void {
    this.#leave();
    this.session.closed();
  }

  send(frame: Frame): void {
    if (this.closed) return;
    if (typeof frame === 'string') this.heard.push(JSON.parse(frame) as Said);
  }
  subscribe(topic: string): void {
    this.#joined.add(topic);
    this.#topics.set(topic, (this.#topics.get(topic) ?? new Set()).add(this));
  }
  unsubscribe(topic: string): void {
    this.#topics.get(topic)?.delete(this);
  }
  end(close: CloseCode): void {
    if (this.closed) return;
    this.closed = close;
    this.#leave();
    this.session.closed();
  }
  cut(): void {
    this.end(CUT);
  }
  buffered(): number {
    return this.waiting;
  }
  unread(): number {
    return this.notRead;
  }

  #until<T>(what: string, found: () => T): Promise<NonNullable<T>> {
    return until(`a ${what} came`, found, { ms: 20_000, state: () => [this.closed, this.heard] });
  }

  #leave(): void {
    for (const topic of this.#joined) this.unsubscribe(topic);
  }
}
