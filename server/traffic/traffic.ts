import type { Logger } from 'pino';
import { type GatewayIntent, UNREADABLE } from '../settings/intent.ts';
import { Pacer } from './pacer.ts';
import { waveShare } from './waves.ts';

export interface TrafficOptions {
  /** Connections open now. */
  readonly connections: () => number;
  /** Ends this many of them with a code on which clients reconnect. */
  readonly shed: (count: number) => void;
  readonly stopAccepting: () => void;
  /** Counts connections that were moved, by reason. */
  readonly moved: (reason: string, count: number) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly logger: Logger;
}

interface End {
  readonly closeAt: number;
  readonly closedAt: number;
  closing: boolean;
  /** Fraction of a connection that the waves so far have left out. */
  owed: number;
  readonly done: () => void;
}

/** Reason of moves at the end of the process. */
const SHUTDOWN = 'Shutdown';

/**
 * Decides whether a gateway takes clients, and moves its clients away: for a while, on an intent of the operator, or for good, at
 * the end of the process.
 */
export class Traffic {
  readonly #options: TrafficOptions;
  readonly #pacer = new Pacer();
  #started = false;
  #intent: GatewayIntent | null = null;
  #end: End | null = null;
  /** Time from which load balancers may know that this gateway takes no clients. */
  #shutSince = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  /**
   * True while the gateway is started and not about to end. An intent makes it not ready, unless Services do not select the pod
   * anyway.
   */
  get ready(): boolean {
    return this.#started && this.#end === null && (this.#intent === null || this.#intent.unselected === true);
  }

  /** True while the gateway shall take no new clients: an intent moves its clients away, or the process ends. */
  get draining(): boolean {
    return this.#intent !== null || this.#end !== null;
  }

  /** True while new connections are refused although the socket listens. Unlike a closed socket this can be undone. */
  get refusing(): boolean {
    return this.#intent?.keep === 0;
  }

  /** True while connections are being closed. */
  get closing(): boolean {
    return this.#excess() > 0 || (this.#end?.closing ?? false);
  }

  /** Makes the gateway ready, unless an intent says otherwise. */
  start(): void {
    this.#started = true;
  }

  /** Follows the intent of the operator. @param intent null to take clients again */
  setIntent(intent: GatewayIntent | null): void {
    if (same(intent, this.#intent)) return;
    if (!this.draining) this.#shutSince = this.#options.now();
    if (intent?.keep !== undefined && this.#intent?.keep === undefined)
      this.#pacer.begin(this.#options.now(), intent.perSecond ?? 1);
    this.#intent = intent;
    const { connections, logger } = this.#options;
    const facts = { intent, connections: connections() };
    if (intent?.reason === UNREADABLE)
      logger.error(facts, 'the traffic annotation cannot be read: no clients are taken, and none are moved');
    else logger.info(facts, intent ? 'no more clients are taken' : 'clients are taken again');
  }

  /**
   * Closes all connections, as the process ends. New ones are accepted for `delayMs`, the time load balancers need to notice; then
   * all are closed in even waves over `closeMs`, or sooner if the intent asks for a higher rate.
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

  /** Closes the connections that are due. Call every {@link WAVE_EVERY_MS}. */
  wave(): void {
    const { now, connections, stopAccepting } = this.#options;
    const paced = this.#pacer.take(now(), this.#excess(), this.#intent?.perSecond ?? 1);
    const end = this.#end;
    if (!end || now() < end.closeAt) return this.#shed(paced, this.#intent?.reason ?? '');
    if (!end.closing) stopAccepting();
    end.closing = true;
    end.owed += waveShare(connections(), end.closedAt - now());
    const due = Math.floor(end.owed);
    end.owed -= due;
    this.#shed(Math.max(paced, due), this.#intent?.reason ?? SHUTDOWN);
    if (connections() === 0) end.done();
  }

  /** Connections above the number of the intent. */
  #excess(): number {
    const keep = this.#intent?.keep;
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
