import { pino } from 'pino';
import type { TrafficIntent } from '../../../server/contract/traffic.ts';
import { Traffic } from '../../../server/traffic/traffic.ts';
import { WAVE_EVERY_MS } from '../../../server/traffic/waves.ts';
import type { Chance } from './chance.ts';
import type { Timeline } from './timeline.ts';

/** Cause of the end of a connection: the operator's intent, the end of the pod, a fault, or a load balancer. */
export type CloseCause = TrafficIntent['reason'] | 'Terminated' | 'Crashed' | 'Dropped';

export interface Connection {
  closed(cause: CloseCause): void;
}

/** Options of a gateway that matter on SIGTERM. */
export interface StopTimes {
  readonly delaySeconds: number;
  readonly timeoutSeconds: number;
}

const SILENT = pino({ level: 'silent' });

/** A gateway process: the real one's decisions on taking and closing connections, in simulated time. */
export class Gateway {
  readonly #time: Timeline;
  readonly #chance: Chance;
  readonly #stopTimes: StopTimes;
  readonly #isOld: boolean;
  readonly #traffic: Traffic;
  readonly #connections = new Set<Connection>();
  #intent: TrafficIntent | undefined;
  #state: 'starting' | 'serving' | 'stopping' | 'gone' = 'starting';
  #accepts = true;
  #waves = false;
  /** True if it reaches NATS. */
  natsUp = true;

  /** @param isOld whether it is from before the label that asks for clients */
  constructor(time: Timeline, chance: Chance, stopTimes: StopTimes, isOld: boolean) {
    this.#time = time;
    this.#isOld = isOld;
    this.#chance = chance;
    this.#stopTimes = stopTimes;
    this.#traffic = new Traffic({
      connections: () => this.#connections.size,
      shed: count => {
        for (let index = 0; index < count; index++) this.#closeOne(this.#cause);
      },
      stopAccepting: () => {
        this.#accepts = false;
      },
      moved: () => {},
      now: () => time.now,
      logger: SILENT,
    });
  }

  get ready(): boolean {
    return this.#state === 'serving' && this.#traffic.ready;
  }
  get refusing(): boolean | undefined {
    return this.#isOld ? undefined : this.#traffic.refusing;
  }
  get isGone(): boolean {
    return this.#state === 'gone';
  }
  get connections(): number {
    return this.#connections.size;
  }

  get #cause(): CloseCause {
    return this.#state === 'stopping' ? 'Terminated' : (this.#intent?.reason ?? 'Terminated');
  }

  /** Listens from now on. */
  started(): void {
    if (this.#state !== 'starting') return;
    this.#state = 'serving';
    this.#traffic.start();
  }

  /** True if a connection would be accepted, whether the gateway is ready or not. */
  get accepts(): boolean {
    const listens = this.#state === 'serving' || this.#state === 'stopping';
    return listens && this.#accepts && !this.#traffic.refusing;
  }

  /** @returns whether the connection was taken */
  accept(connection: Connection): boolean {
    if (!this.accepts) return false;
    this.#connections.add(connection);
    this.#wave();
    return true;
  }

  follow(intent: TrafficIntent | undefined): void {
    this.#intent = intent;
    const { unselected, ...known } = intent ?? { reason: '' };
    this.#traffic.setIntent(intent ? { ...known, ...(unselected && !this.#isOld ? { unselected } : {}) } : null);
    this.#wave();
  }

  /** SIGTERM. @param onGone when the process has ended */
  stop(onGone: () => void): void {
    if (this.#state === 'gone') return onGone();
    this.#state = 'stopping';
    const { delaySeconds, timeoutSeconds } = this.#stopTimes;
    void this.#traffic.end(delaySeconds * 1000, timeoutSeconds * 1000);
    this.#wave();
    const look = () => {
      if (this.#connections.size > 0) return this.#time.after(WAVE_EVERY_MS, look);
      this.#state = 'gone';
      onGone();
    };
    look();
  }

  /** A load balancer closes the connections it still has. */
  drop(): void {
    while (this.#connections.size > 0) this.#closeOne('Dropped');
  }

  /** SIGKILL. */
  crash(): void {
    this.#state = 'gone';
    while (this.#connections.size > 0) this.#closeOne('Crashed');
  }

  /** Waves go on while somebody may have to be closed. */
  #wave(): void {
    if (this.#waves || !this.#hasWaves) return;
    this.#waves = true;
    this.#time.after(this.#chance.between(0, WAVE_EVERY_MS), () => this.#nextWave());
  }

  get #hasWaves(): boolean {
    return this.#state === 'stopping' || (this.#state === 'serving' && this.#traffic.closing);
  }

  #nextWave(): void {
    this.#waves = this.#hasWaves;
    if (!this.#waves) return;
    this.#traffic.wave();
    this.#time.after(WAVE_EVERY_MS, () => this.#nextWave());
  }

  #closeOne(cause: CloseCause): void {
    // Those that came first, as the real one.
    const [connection] = this.#connections;
    if (!connection) return;
    this.#connections.delete(connection);
    connection.closed(cause);
  }
}
