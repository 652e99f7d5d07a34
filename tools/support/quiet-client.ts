import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';
import { inboxOf } from '../../server/access/names.ts';
import type { Position } from '../../server/protocol/codec.ts';

interface Reply {
  readonly id?: number;
  readonly error?: { readonly code: number; readonly temporary?: boolean };
  readonly connect?: { readonly subs: Readonly<Record<string, Subscribed>> };
  readonly subscribe?: Subscribed;
}
/** A command as it is sent: its id and one member named after it. */
interface Command {
  readonly id: number;
  readonly [command: string]: unknown;
}
interface Subscribed extends Partial<Position> {
  readonly recovered?: boolean;
  readonly publications?: readonly unknown[];
}

export interface Returned {
  /** Rooms, the inbox included, that were recovered without a missed message. */
  readonly complete: number;
  /** Other answers. */
  readonly others: readonly Reply[];
}

/** Times that a command is sent, and the pause between them: 30 s, far longer than a gateway is busy with those who come back. */
const ATTEMPTS = 60;
const PAUSE_MS = 500;

/** Last position of a client by room; its inbox is one of the rooms. */
export type Positions = ReadonlyMap<string, Position>;

/**
 * A bare client that comes back to its rooms as the SDKs do after a move: it connects with the position of its inbox and
 * subscribes to all rooms in the next frame.
 */
export class QuietClient {
  readonly #socket: WebSocket;
  readonly #replies = new Map<number, (reply: Reply) => void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', data => {
      for (const line of String(data).split('\n')) this.#heard(line);
    });
    socket.on('error', () => undefined); // shows as replies that never come
  }

  static async open(url: string): Promise<QuietClient> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const client = new QuietClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    return client;
  }

  async comeBack(user: string, token: string, positions: Positions): Promise<Returned> {
    const inbox = positions.get(inboxOf(user));
    const subs = inbox ? { [inboxOf(user)]: { recover: true, ...inbox } } : {};
    const rooms = [...positions].filter(([room]) => room !== inboxOf(user));
    const connected = await this.#ask([{ id: 1, connect: { token, subs } }]);
    const subscribed = await this.#ask(
      rooms.map(([channel, position], i) => ({ id: i + 2, subscribe: { channel, recover: true, ...position } })),
    );
    const whole = ({ recovered, publications }: Subscribed) => recovered === true && (publications ?? []).length === 0;
    const answers = [...connected, ...subscribed];
    const others = answers.filter(({ subscribe, connect }) => {
      const each = subscribe ? [subscribe] : Object.values(connect?.subs ?? {});
      return each.length === 0 || (!each.every(whole) && !(connect && !inbox));
    });
    return { complete: answers.length - others.length, others };
  }

  /** Connects for the first time. @returns the position of the inbox */
  async connect(user: string, token: string): Promise<Position> {
    const [reply] = await this.#ask([{ id: 1, connect: { token } }]);
    const { offset = 0, epoch = '' } = reply?.connect?.subs[inboxOf(user)] ?? {};
    return { offset, epoch };
  }

  close(): void {
    this.#socket.terminate();
  }

  /** Sends commands, and again those with a temporary error, as the SDKs do. */
  async #ask(commands: readonly Command[]): Promise<Reply[]> {
    const replies = await this.#send(commands);
    for (let attempt = 1; attempt < ATTEMPTS; attempt++) {
      const refused = commands.filter((_, index) => replies[index]?.error?.temporary);
      if (refused.length === 0) break;
      await delay(PAUSE_MS);
      const again = await this.#send(refused);
      for (const [index, command] of refused.entries()) replies[commands.indexOf(command)] = again[index] as Reply;
    }
    return replies;
  }

  #send(commands: readonly Command[]): Promise<Reply[]> {
    const replies = commands.map(({ id }) => new Promise<Reply>(resolve => this.#replies.set(id, resolve)));
    if (commands.length > 0) this.#socket.send(commands.map(command => JSON.stringify(command)).join('\n'));
    return Promise.all(replies);
  }

  #heard(line: string): void {
    if (line === '{}') return this.#socket.send('{}');
    const reply = JSON.parse(line) as Reply;
    this.#replies.get(reply.id ?? 0)?.(reply);
    this.#replies.delete(reply.id ?? 0);
  }
}
