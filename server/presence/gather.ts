import type { Moment } from '../time/clock.ts';
import type { Asked, PresenceBus } from './bus.ts';
import type { Peers } from './peers.ts';
import { readPrevious } from './previous.ts';
import { digestOf, type UserDigest } from './users.ts';
import { type Answer, type Part, readAnswer, type Wanted, writeQuestion } from './wire.ts';

/** Connection, and its gateway. */
export interface PresentMember {
  readonly client: string;
  readonly user: string;
  readonly gateway: string;
  readonly isBackground?: boolean;
  /** True for a user who is invisible: nobody else may see the connection. */
  readonly isHidden?: boolean;
}

/** Answers of the other gateways about a room. */
export interface Gathered {
  clients: number;
  /** Number of those of invisible users. */
  hidden: number;
  /** Members by connection id, of gateways with at most as many as asked for. */
  readonly members: Map<string, PresentMember>;
  readonly digests: UserDigest[];
  /** True if a gateway did not answer in time, or not completely. */
  partial: boolean;
}

interface Pending extends Gathered {
  readonly wanted: Wanted;
  left: number;
  readonly done: (gathered: Gathered) => void;
}

export interface GatherOptions {
  readonly peers: Peers;
  readonly bus: PresenceBus;
  readonly now: () => Moment;
}

/** Time in which a gateway has to answer. */
const DEADLINE_MS = 300;
/** Most rooms in one question. */
const MOST_ROOMS = 500;

/**
 * Asks the gateways that may have members of a room. Questions of one tick of the event loop are sent to a gateway together. Waits
 * up to 300 ms for each; not at all for a gateway that NATS reports as away.
 */
export class Gatherer {
  readonly #options: GatherOptions;
  /** Questions of this tick, by gateway. */
  readonly #next = new Map<string, Pending[]>();
  constructor(options: GatherOptions) {
    this.#options = options;
  }

  /** Asks all gateways that may have members. Never rejects: missing answers make the result partial. */
  ask(wanted: Wanted): Promise<Gathered> {
    const { peers, now } = this.#options;
    const { current, previous } = peers.holders(wanted.room, now());
    return new Promise(done => {
      const left = current.length + previous.length;
      const pending: Pending = {
        wanted,
        left,
        done,
        clients: 0,
        hidden: 0,
        members: new Map(),
        digests: [],
        partial: false,
      };
      if (left === 0) return done(pending);
      for (const gateway of current) this.#add(gateway, pending);
      if (previous.length > 0) this.#askPrevious(previous, pending);
    });
  }

  #add(gateway: string, pending: Pending): void {
    const waiting = this.#next.get(gateway);
    if (waiting) {
      waiting.push(pending);
      return;
    }
    this.#next.set(gateway, [pending]);
    setImmediate(() => this.#send(gateway));
  }

  #send(gateway: string): void {
    const all = this.#next.get(gateway) ?? [];
    this.#next.delete(gateway);
    for (let start = 0; start < all.length; start += MOST_ROOMS)
      this.#ask(gateway, all.slice(start, start + MOST_ROOMS));
  }

  #ask(gateway: string, asked: readonly Pending[]): void {
    const listed = asked.map(() => 0);
    const full = asked.map(() => 0);
    const hidden = asked.map(() => 0);
    const take = ({ parts }: Answer) => {
      for (const part of parts) {
        const pending = asked[part.room];
        if (!pending) continue;
        add(pending, gateway, part);
        full[part.room] = part.clients;
        hidden[part.room] = part.hidden ?? 0;
        listed[part.room] = (listed[part.room] ?? 0) + (part.members?.length ?? 0);
      }
    };
    const end = (complete: boolean) => {
      question.stop();
      clearTimeout(timer);
      for (const [index, pending] of asked.entries()) {
        const clients = full[index] ?? 0;
        pending.clients += clients;
        pending.hidden += hidden[index] ?? 0;
        const cut = clients <= pending.wanted.most && (listed[index] ?? 0) < clients;
        settle(pending, 1, complete && !cut);
      }
    };
    const timer = setTimeout(() => end(false), DEADLINE_MS);
    const text = writeQuestion({ rooms: asked.map(({ wanted }) => wanted) });
    const question: Asked = this.#options.bus.ask(gateway, text, reply => {
      const answer = reply === null ? null : readAnswer(reply);
      if (answer) take(answer);
      if (!answer || answer.last) end(answer !== null);
    });
  }

  /** Asks the gateways of the previous release together. They list at most 2,000 connections. */
  #askPrevious(gateways: readonly string[], pending: Pending): void {
    const missing = new Set(gateways);
    const end = () => {
      question.stop();
      clearTimeout(timer);
      settle(pending, gateways.length, missing.size === 0);
    };
    const timer = setTimeout(end, DEADLINE_MS);
    const question = this.#options.bus.askPrevious(pending.wanted.room, reply => {
      const answer = readPrevious(reply);
      if (!answer || !missing.delete(answer.gateway)) return;
      const { gateway, members, partial } = answer;
      add(pending, gateway, { room: 0, clients: members.length, members });
      pending.clients += members.length;
      pending.partial ||= partial;
      if (pending.wanted.users) pending.digests.push(digestOf(new Set(members.map(([, user]) => user))));
      if (missing.size === 0) end();
    });
  }
}

function add(pending: Pending, gateway: string, { members, users }: Part): void {
  for (const [client, user, flags = 0] of members ?? [])
    pending.members.set(client, {
      client,
      user,
      gateway,
      isBackground: (flags & 1) === 1,
      isHidden: (flags & 2) === 2,
    });
  if (users) pending.digests.push(users);
}

function settle(pending: Pending, answers: number, complete: boolean): void {
  pending.partial ||= !complete;
  pending.left -= answers;
  if (pending.left === 0) pending.done(pending);
}
