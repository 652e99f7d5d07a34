import type { Moment } from '../time/clock.ts';
import { ShardSet, shardOf } from './shards.ts';
import type { Beat, ShardsAnswer } from './wire.ts';

/** Interval of heartbeats. */
export const BEAT_MS = 2_000;
/** Age of a heartbeat above which its gateway is gone. */
const FRESH_MS = 3 * BEAT_MS;
/** Age of its own last heartbeat above which this gateway is cut off, and cannot know which others live. */
const DEAF_MS = 1.5 * BEAT_MS;

/** Time for the others to answer the first heartbeat of a gateway with their own. */
const ANSWER_MS = 300;

interface Peer {
  heardAt: number;
  /** Empty for the previous release. */
  readonly life: string;
  /** See {@link Beat.level}. */
  readonly level: number;
  version: number;
  /** Shards with members; null while unknown: the gateway may have members of any room. */
  shards: ShardSet | null;
}

/** Findings in a heartbeat. */
export interface Heard {
  /** True if the gateway is new here, or was silent: it may not know this one either. */
  readonly stranger: boolean;
  /** True if another process had this name before: that one is gone. */
  readonly replaced: boolean;
  /** True if its shards have to be asked for. */
  readonly unknown: boolean;
}

/** Other gateways, as their heartbeats show them: alive or not, and their shards. Pure: the clock is an argument. */
export class Peers {
  readonly #peers = new Map<string, Peer>();
  readonly #own: string;
  #echoAt: number | null = null;
  /** Time of the first own heartbeat that came back. */
  #firstEchoAt: number | null = null;

  /** @param own name of this gateway */
  constructor(own: string) {
    this.#own = own;
  }

  /** Takes a heartbeat. */
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

  /** Takes the shards of a gateway. Ignores an answer older than its heartbeats. */
  learn(gateway: string, { life, version, shards }: ShardsAnswer): void {
    const peer = this.#peers.get(gateway);
    const found = ShardSet.fromText(shards);
    if (!peer || !found || peer.life !== life || version < peer.version) return;
    peer.shards = found;
    peer.version = version;
  }

  /** Removes a gateway. */
  forget(gateway: string): void {
    this.#peers.delete(gateway);
  }

  /** Returns the living gateways that may have members of a room: all of the previous release, which reports no shards. */
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

  /** Removes gateways without a fresh heartbeat, unless this gateway is cut off itself. @returns their names */
  sweep(now: Moment): string[] {
    if (this.deaf(now)) return [];
    const stale = [...this.#peers].filter(([, peer]) => !fresh(peer, now)).map(([gateway]) => gateway);
    for (const gateway of stale) this.#peers.delete(gateway);
    return stale;
  }

  /**
   * Lowest level of the gateways that are there; 0 while this one is cut off.
   * @param own level of this gateway
   * @returns null while the others may not have answered its first heartbeat
   */
  level(own: number, now: Moment): number | null {
    if (this.#firstEchoAt === null || now - this.#firstEchoAt < ANSWER_MS) return null;
    if (this.deaf(now)) return 0;
    return Math.min(own, ...[...this.#peers.values()].filter(peer => fresh(peer, now)).map(({ level }) => level));
  }

  /** True while this gateway's own heartbeats do not come back: it is cut off. */
  deaf(now: Moment): boolean {
    return this.#echoAt !== null && now - this.#echoAt > DEAF_MS;
  }

  #echo(now: Moment): void {
    // Heartbeats of the others could not come either: their time starts again.
    if (this.deaf(now)) for (const peer of this.#peers.values()) peer.heardAt = now;
    this.#echoAt = now;
    this.#firstEchoAt ??= now;
  }
}

const fresh = (peer: Peer, now: Moment) => now - peer.heardAt <= FRESH_MS;

function firstSight({ life, level, version, change }: Beat): Peer {
  const empty = version === 0 && life !== '' && change === undefined;
  return { heardAt: Number.NEGATIVE_INFINITY, life, level, version, shards: empty ? ShardSet.empty() : null };
}

/** Applies a change. If a version in between was lost, the shards are unknown. */
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
