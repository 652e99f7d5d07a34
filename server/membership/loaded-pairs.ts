import {
  type Contact,
  mergedPair,
  NO_PAIR,
  type Pair,
  pairUsers,
  type Relation,
  readContact,
  readPair,
  relationOf,
  withContact,
} from '../fold/pair.ts';
import { BoundedMap } from '../room/bounded-map.ts';
import { dataOf, type StoredMessage } from '../room/message.ts';
import type { Moment } from '../time/clock.ts';
import type { PairArchive } from './archive.ts';
import type { Pairs } from './pairs.ts';
import { isComplete, type PolicyBatch } from './policy-batch.ts';
import type { Covered } from './policy-progress.ts';
import type { PolicyStore } from './policy-store.ts';
import { writePair } from './policy-writes.ts';
import { Recent } from './recent.ts';

export interface LoadedPairsOptions {
  readonly policy: PolicyStore;
  /** Reads of {@link policy} that may share requests. */
  readonly batch: Pick<PolicyBatch, 'read'>;
  readonly archive: PairArchive;
  /** Reads how much of the log of the partition of a user's inbox POLICY has. Never rejects. */
  readonly covered: (user: string) => Promise<Covered>;
  readonly now: () => Moment;
  /** Called with an error of a write that the worker repeats. */
  readonly unwritten: (user: string, error: unknown) => void;
}

/** Age up to which a pair is used without asking again. */
const AGE_MS = 10_000;
/** Time for which acts that were seen here are remembered: after it POLICY surely has them. */
const ACTS_MS = 60_000;
/** Pairs whose last change is remembered, far more than change while one is read. */
const MOST_NOTICED = 10_000;

/** Pairs of users that a gateway asked for, from POLICY. */
export class LoadedPairs implements Pairs {
  readonly #options: LoadedPairsOptions;
  readonly #recent: Recent<Pair>;
  readonly #loads = new Map<string, Promise<Pair>>();
  /** Acts that were stored or delivered here: perhaps POLICY does not have them yet. */
  readonly #acts: Recent<Pair>;
  /** Number of the last change of each pair that was noticed here. */
  readonly #noticed = new BoundedMap<string, number>(MOST_NOTICED);
  #notices = 0;

  constructor(options: LoadedPairsOptions) {
    this.#options = options;
    this.#recent = new Recent(AGE_MS, options.now);
    this.#acts = new Recent(ACTS_MS, options.now);
  }

  of(user: string, others: readonly string[]): ReadonlyMap<string, Relation> | Promise<ReadonlyMap<string, Relation>> {
    const known = others.map(other => this.#current(user, other));
    const relations = (pairs: readonly Pair[]) =>
      new Map(others.map((other, index) => [other, relationOf(pairs[index] ?? NO_PAIR, user, other)]));
    const isLoaded = (pair: Pair | Promise<Pair>): pair is Pair => !(pair instanceof Promise);
    return known.every(isLoaded) ? relations(known) : Promise.all(known).then(relations);
  }

  async fresh(user: string, other: string): Promise<Pair> {
    const { batch, archive, covered, now } = this.#options;
    const at = now();
    const users = pairUsers(user, other);
    const name = nameOf(user, other);
    const notice = this.#noticed.get(name);
    // Read before POLICY, so that they never claim what POLICY lacks.
    const parts = await Promise.all(users.map(covered));
    const found = await batch.read({ pair: users });
    const archived = isComplete(found) && parts.every(({ whole }) => whole) ? null : await archive.pair(user, other);
    const stored = (typeof found === 'string' ? null : readPair(found.value)) ?? NO_PAIR;
    const pair = mergedPair(mergedPair(stored, archived ?? NO_PAIR), this.#acts.get(name) ?? NO_PAIR);
    // The gateway of an act may have ended before it wrote it: what is decided on here has to be known elsewhere.
    if (pair !== stored) await this.#write(user, other, pair);
    // What was read may be older than a change that was noticed meanwhile.
    if (this.#noticed.get(name) === notice) this.#recent.set(name, pair, at);
    return pair;
  }

  async acted(contact: Contact, pair: Pair): Promise<Pair> {
    const { user, other } = contact;
    this.#noteAct(contact);
    const known = await this.#write(user, other, withContact(pair, contact));
    this.#changed(user, other);
    return known;
  }

  /** Writes what is known of a pair. Never rejects: what is not written is written by the worker. */
  async #write(user: string, other: string, known: Pair): Promise<Pair> {
    const { policy, unwritten } = this.#options;
    try {
      return await writePair(policy, pairUsers(user, other), known);
    } catch (error) {
      unwritten(user, error);
      return known;
    }
  }

  /** Takes an entry about another user that the inbox of a user delivered: the pair has changed. */
  noted(user: string, entry: StoredMessage): void {
    const data = dataOf(entry);
    const contact = readContact({ ...entry, user }, data);
    if (contact) this.#noteAct(contact);
    const { user: other } = (data ?? {}) as { readonly user?: unknown };
    if (typeof other === 'string') this.#changed(user, other);
  }

  #noteAct(contact: Contact): void {
    const name = nameOf(contact.user, contact.other);
    this.#acts.set(name, withContact(this.#acts.get(name) ?? NO_PAIR, contact), this.#options.now());
  }

  #current(user: string, other: string): Pair | Promise<Pair> {
    const name = nameOf(user, other);
    const known = this.#recent.get(name) ?? this.#loads.get(name);
    if (known) return known;
    const load = this.fresh(user, other).finally(() => {
      if (this.#loads.get(name) === load) this.#loads.delete(name);
    });
    this.#loads.set(name, load);
    return load;
  }

  #changed(user: string, other: string): void {
    const name = nameOf(user, other);
    this.#notices += 1;
    this.#noticed.set(name, this.#notices);
    this.#loads.delete(name);
    this.#recent.delete(name);
  }
}

const nameOf = (user: string, other: string): string => JSON.stringify(pairUsers(user, other));
