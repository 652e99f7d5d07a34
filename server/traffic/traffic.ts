import type { Logger } from 'pino';
import { type GatewayIntent, UNREADABLE } from '../settings/intent.ts';
import { Pacer } from './pacer.ts';
import { waveShare } from './waves.ts';

export interface TrafficOptions {
  /** Connections open now. */
  readonly connections: () => number;
  /** Ends so many of them with a code to come back on. */
  readonly shed: (count: number) => void;
  readonly stopAccepting: () => void;
  /** Counts connections that were told to come back, by reason. */
  readonly moved: (reason: string, count: number) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly logger: Logger;
}

interface End {
  readonly closeAt: number;
  readonly closedAt: number;
  closing: boolean;
  /** Part of a connection that the waves so far have left out. */
  owed: number;
  readonly done: () => void;
}

/** Reason of moves at the end of the process. */
const SHUTDOWN = 'Shutdown';

/**
 * Whether a gateway takes clients, and how it gets rid of those it has: for a while, because the operator wants it, or
 * for good, because the process ends.
 */
export class Traffic {
  readonly #options: TrafficOptions;
  readonly #pacer = new Pacer();
  #started = false;
  #wanted: GatewayIntent | null = null;
  #end: End | null = null;
  /** Since when load balancers may know that this gateway takes nobody. */
  #shutSince = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  /** True while it works as it should. One that is to take nobody is Ready where it need not say so to be left alone. */
  get ready(): boolean {
    return this.#started && this.#end === null && (this.#wanted === null || this.#wanted.unselected === true);
  }

  /** True while it takes no new clients because it is to have fewer, or to end. */
  get draining(): boolean {
    return this.#wanted !== null || this.#end !== null;
  }

  /** True while new connections are refused, although the socket listens: that can be undone. */
  get refusing(): boolean {
    return this.#wanted?.keep === 0;
  }

  /** True while connections are being closed. */
  get closing(): boolean {
    return this.#excess() > 0 || (this.#end?.closing ?? false);
  }

  /** The gateway can take clients; whether it does is up to what is wanted. */
  start(): void {
    this.#started = true;
  }

  /** @param wanted null to take clients again */
  want(wanted: GatewayIntent | null): void {
    if (same(wanted, this.#wanted)) return;
    if (!this.draining) this.#shutSince = this.#options.now();
    if (wanted?.keep !== undefined && this.#wanted?.keep === undefined)
      this.#pacer.begin(this.#options.now(), wanted.perSecond ?? 1);
    this.#wanted = wanted;
    const { connections, logger } = this.#options;
    const facts = { wanted, connections: connections() };
    if (wanted?.reason === UNREADABLE)
      logger.error(facts, 'the traffic annotation cannot be read: clients are kept away, nobody is moved');
    else logger.info(facts, wanted ? 'clients are kept away' : 'clients are taken again');
  }

  /**
   * The process ends. Connections are accepted until load balancers have had `delayMs` to hear of it, and closed in even
   * waves over `closeMs`, or sooner at the rate that is wanted anyway.
   * @returns resolves when no connection is left
   */
  end(delayMs: number, closeMs: number): Promise<void> {
    const { now, connections, logger } = this.#options;
    if (!this.draining) this.#shutSince = now();
    const closeAt = connections() === 0 ? now() : Math.max(now(), this.#shutSince + delayMs);
    logger.info({ connections: connections(), delayMs: Math.round(closeAt - now()), closeMs }, 'drain started');
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#end = { closeAt, closedAt: closeAt + closeMs, closing: false, owed: 0, done: resolve };
    this.wave();
    return promise;
  }

  /** Call each {@link WAVE_EVERY_MS}. */
  wave(): void {
    const { now, connections, stopAccepting } = this.#options;
    const paced = this.#pacer.take(now(), this.#excess(), this.#wanted?.perSecond ?? 1);
    const end = this.#end;
    if (!end || now() < end.closeAt) return this.#shed(paced, this.#wanted?.reason ?? '');
    if (!end.closing) stopAccepting();
    end.closing = true;
    end.owed += waveShare(connections(), end.closedAt - now());
    const due = Math.floor(end.owed);
    end.owed -= due;
    this.#shed(Math.max(paced, due), this.#wanted?.reason ?? SHUTDOWN);
    if (connections() === 0) end.done();
  }

  /** Connections above what is wanted. */
  #excess(): number {
    const keep = this.#wanted?.keep;
    return keep === undefined ? 0 : Math.max(0, this.#options.connections() - keep);
  }

  #shed(count: number, reason: string): void {
    const most = Math.min(count, this.#options.connections());
    if (most === 0) return;
    this.#options.shed(most);
    this.#options.moved(reason, most);
  }
}

const same = (a: GatewayIntent | null, b: GatewayIntent | null) =>
  a?.reason === b?.reason && a?.keep === b?.keep && a?.perSecond === b?.perSecond && a?.unselected === b?.unselected;
