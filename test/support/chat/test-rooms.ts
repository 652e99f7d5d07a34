import { NO_ROOM } from '../../../server/fold/room-state.ts';
import type { Encoding, Frame, Position, SubscribeResult } from '../../../server/protocol/codec.ts';
import { jsonCodec } from '../../../server/protocol/json.ts';
import { protobufCodec } from '../../../server/protocol/protobuf.ts';
import type { RoomControl } from '../../../server/room/control-lane.ts';
import { fanOut } from '../../../server/room/fan-out.ts';
import { type JoinOptions, join } from '../../../server/room/join.ts';
import { maskedReader } from '../../../server/room/masked-reader.ts';
import { Masks } from '../../../server/room/masks.ts';
import type { Member } from '../../../server/room/member.ts';
import { roomReader } from '../../../server/room/reader.ts';
import type { Room } from '../../../server/room/room.ts';
import { Rooms, type RoomsOptions } from '../../../server/room/rooms.ts';
import { TailBudget } from '../../../server/room/tail.ts';
import { ManualClock } from '../clocks/manual-clock.ts';
import { MemoryLog } from './memory-log.ts';
import { MemoryStore } from './memory-store.ts';
import { NO_CONTROL } from './no-control.ts';

export interface TestRoomsOptions {
  readonly tailBytes?: number;
  readonly tailMessages?: number;
  readonly chunk?: number;
  readonly chunkBytes?: number;
  readonly limit?: number;
  readonly lingerMs?: number;
  /** Default: no room has control entries. */
  readonly control?: RoomControl;
}

/** The rooms of one gateway, over memory instead of NATS, MongoDB and sockets. Everything between is the real thing. */
export class TestRooms {
  readonly store = new MemoryStore();
  readonly log = new MemoryLog(this.store);
  readonly clock = new ManualClock();
  readonly topics = new Map<string, Set<TestMember>>();
  readonly events: string[] = [];
  readonly rooms: Rooms;
  readonly joining: JoinOptions;
  readonly budget: TailBudget;

  constructor(options: TestRoomsOptions = {}) {
    const { log, store } = this;
    const limit = options.limit ?? 1_000;
    const masks = new Masks(log, () => NO_ROOM);
    const reader = maskedReader(
      roomReader(log, store, () => limit),
      masks,
    );
    this.budget = new TailBudget({
      tailBytes: options.tailBytes ?? 1_000_000,
      tailMessages: options.tailMessages ?? 100,
    });
    const settings: RoomsOptions = {
      log,
      reader,
      control: options.control ?? NO_CONTROL,
      masks,
      fanOut: fanOut({ json: jsonCodec, protobuf: protobufCodec }, (topic, frame) => {
        for (const member of this.topics.get(topic) ?? []) member.receive(frame);
      }),
      budget: this.budget,
      lingerMs: () => options.lingerMs ?? 30_000,
      now: () => this.clock.now(),
      soon: run => queueMicrotask(run),
      after: this.clock.after,
      events: {
        delivered: () => undefined,
        repaired: cause => void this.events.push(cause),
        repairFailed: () => void this.events.push('failed'),
      },
    };
    this.rooms = new Rooms(settings);
    this.joining = {
      reader,
      chunk: () => options.chunk ?? 100,
      chunkBytes: options.chunkBytes ?? 1_000_000,
      limit: () => limit,
      recovered: source => void this.events.push(`recovered ${source}`),
    };
  }

  /** Subscribes a new member and resolves when it is in. */
  async join(name: string, from: Position | null = null, member = new TestMember(this)): Promise<TestMember> {
    await this.enter(this.rooms.open(name), member, from);
    return member;
  }

  async enter(room: Room, member: TestMember, from: Position | null): Promise<void> {
    member.room = room;
    await join(room, member, jsonCodec, from, this.joining, result => member.answered(result));
  }
}

/** One reader of one room: writes down what arrives, in the order it does. */
export class TestMember implements Member {
  readonly encoding: Encoding = 'json';
  readonly client = crypto.randomUUID();
  readonly user: string;
  readonly isBackground = false;
  room: Room | null = null;
  /** Content of the subscribe reply. */
  answer: SubscribeResult | null = null;
  readonly offsets: number[] = [];
  /** Everything received, as its client reads it. */
  readonly publications: { readonly offset: number; readonly type: string; readonly data: unknown }[] = [];
  readonly expulsions: string[] = [];
  readonly removals: string[] = [];
  /** A reader that is not reading: frames wait, and it is congested while one does. */
  slow = false;
  /** Most frames that ever waited. */
  mostWaiting = 0;
  readonly #waiting: Frame[] = [];
  readonly #topics: Map<string, Set<TestMember>>;
  #gone = false;
  #writable: (() => void)[] = [];

  constructor(rooms: TestRooms, user = 'somebody') {
    this.user = user;
    this.#topics = rooms.topics;
  }

  subscribe(topic: string): void {
    this.#topics.set(topic, (this.#topics.get(topic) ?? new Set()).add(this));
  }
  unsubscribe(topic: string): void {
    this.#topics.get(topic)?.delete(this);
  }
  send(frame: Frame): void {
    this.receive(frame);
  }
  offer(frame: Frame): boolean {
    if (this.slow) return false;
    this.receive(frame);
    return true;
  }
  shown(): void {}
  alive(): boolean {
    return !this.#gone;
  }
  congested(): boolean {
    return this.#waiting.length > 0;
  }
  writable(): Promise<void> {
    if (!this.congested() || this.#gone) return Promise.resolve();
    return new Promise(resolve => this.#writable.push(resolve));
  }
  inSlot<T>(read: () => Promise<T>): Promise<T> {
    return read();
  }
  expelled(room: string): void {
    this.leave();
    this.expulsions.push(room);
  }
  removed(room: string): void {
    this.leave();
    this.removals.push(room);
  }

  leave(): void {
    this.#gone = true;
    this.room?.remove(this);
    this.#resume();
  }

  answered(result: SubscribeResult): void {
    if (this.answer) throw new Error('answered twice');
    this.answer = result;
    for (const { offset, type = '', data } of result.publications) {
      this.offsets.push(offset);
      this.publications.push({ offset, type, data: JSON.parse(Buffer.from(data).toString()) });
    }
  }

  receive(frame: Frame): void {
    if (!this.slow) return this.#take(frame);
    this.#waiting.push(frame);
    this.mostWaiting = Math.max(this.mostWaiting, this.#waiting.length);
  }

  /** Reads everything that waits. */
  read(): void {
    for (const frame of this.#waiting.splice(0)) this.#take(frame);
    this.#resume();
  }

  #take(frame: Frame): void {
    const { push } = JSON.parse(String(frame)) as {
      push: { pub: { offset: number; data: unknown; tags?: { type?: string } } };
    };
    const { offset, data, tags } = push.pub;
    this.offsets.push(offset);
    this.publications.push({ offset, type: tags?.type ?? '', data });
  }

  #resume(): void {
    for (const resume of this.#writable.splice(0)) resume();
  }
}
