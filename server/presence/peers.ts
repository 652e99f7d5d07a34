import type { Moment } from '../time/clock.ts';
import { ShardSet, shardOf } from './shards.ts';
import type { Beat, ShardsAnswer } from './wire.ts';

/** Heartbeats are sent this often. */
export const BEAT_MS = 2_000;
/** A gateway that was not heard of for this long is gone. */
const FRESH_MS = 3 * BEAT_MS;
/** Who does not hear its own heartbeats is cut off itself, and knows nothing of the others. */
const DEAF_MS = 1.5 * BEAT_MS;

interface Peer {
  heardAt: number;
  /** Empty for the previous release. */
  readonly life: string;
  version: number;
  /** Null as long as they are not known: any room may be there. */
  shards: ShardSet | null;
}

/** Content of a heartbeat. */
export interface Heard {
  /** Not heard of lately: it does not know of this gateway either. */
  readonly stranger: boolean;
  /** The process that had this name before is gone. */
  readonly replaced: boolean;
  /** Its shards have to be asked for. */
  readonly unknown: boolean;
}

/** The other gateways, by their heartbeats: who lives, and who may hold members of a room. Pure: the clock is an argument. */
export class Peers {
  readonly #peers = new Map<string, Peer>();
  readonly #own: string;
  #echoAt: number | null = null;

  /** @param own name of this gateway */
  constructor(own: string) {
    this.#own = own;
  }

  hear(beat: Beat, now: Moment): Heard {
    if (beat.gateway === this.#own) {
      this.#echo(now);
      return { stranger: false, replaced: false, unknown: false };
    }
    const known = this.#peers.get(beat.gateway);
    const same = known?.life === beat.life;
    const peer = known && same ? known : firstSight(beat);
    this.#peers.set(beat.gateway, peer);
    const stranger = peer !== known || !fresh(peer, now);
    peer.heardAt = now;
    if (same) follow(peer, beat);
    return { stranger, replaced: known !== undefined && !same, unknown: peer.life !== '' && peer.shards === null };
  }

  /** Takes the answer to a question for the shards. */
  learn(gateway: string, { life, version, shards }: ShardsAnswer): void {
    const peer = this.#peers.get(gateway);
    const found = ShardSet.fromText(shards);
    if (!peer || !found || peer.life !== life || version < peer.version) return;
    peer.shards = found;
    peer.version = version;
  }

  forget(gateway: string): void {
    this.#peers.delete(gateway);
  }

  /** Living gateways that may have members in a room. Those of the previous release say nothing: they all may. */
  holders(room: string, now: Moment): { readonly current: string[]; readonly previous: string[] } {
    const current: string[] = [];
    const previous: string[] = [];
    if (this.#peers.size === 0) return { current, previous };
    const shard = shardOf(room);
    for (const [gateway, peer] of this.#peers) {
      if (!fresh(peer, now) && !this.deaf(now)) continue;
      if (peer.life === '') previous.push(gateway);
      else if (peer.shards === null || peer.shards.has(shard)) current.push(gateway);
    }
    return { current, previous };
  }

  /** Forgets the gateways without a fresh heartbeat, unless it is this one that hears nothing. @returns their names */
  sweep(now: Moment): string[] {
    if (this.deaf(now)) return [];
    const stale = [...this.#peers].filter(([, peer]) => !fresh(peer, now)).map(([gateway]) => gateway);
    for (const gateway of stale) this.#peers.delete(gateway);
    return stale;
  }

  /** True while this gateway's own heartbeats do not come back. */
  deaf(now: Moment): boolean {
    return this.#echoAt !== null && now - this.#echoAt > DEAF_MS;
  }

  #echo(now: Moment): void {
    // The others could not be heard either: their time starts anew.
    if (this.deaf(now)) for (const peer of this.#peers.values()) peer.heardAt = now;
    this.#echoAt = now;
  }
}

const fresh = (peer: Peer, now: Moment) => now - peer.heardAt <= FRESH_MS;

function firstSight({ life, version, change }: Beat): Peer {
  const empty = version === 0 && life !== '' && change === undefined;
  return { heardAt: Number.NEGATIVE_INFINITY, life, version, shards: empty ? ShardSet.empty() : null };
}

/** Applies what changed; a version in between that was lost makes the shards unknown. */
function follow(peer: Peer, { version, change }: Beat): void {
  if (version === peer.version) return;
  if (change && peer.shards && version === peer.version + 1) {
    for (const shard of change.set) peer.shards.set(shard, true);
    for (const shard of change.cleared) peer.shards.set(shard, false);
  } else if (version > peer.version) {
    peer.shards = null;
  }
  peer.version = Math.max(peer.version, version);
}
