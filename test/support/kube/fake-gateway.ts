import { pino } from 'pino';
import type { Pod } from '../../../operator/api/kube-object.ts';
import { REVISION_LABEL } from '../../../operator/desired/names.ts';
import type { GatewayLoad } from '../../../server/contract/load.ts';
import { TRAFFIC_ANNOTATION } from '../../../server/contract/traffic.ts';
import { Traffic } from '../../../server/traffic/traffic.ts';

/** A client that only counts how often it had to connect again. */
export interface FakeClient {
  moves: number;
}

const SILENT = pino({ level: 'silent' });

/** The process in a gateway pod: it takes and closes connections as the real one, and holds nothing but clients. */
export class FakeGateway {
  readonly name: string;
  readonly revision: string;
  readonly clients = new Set<FakeClient>();
  /** True if the process has started and answers its readiness probe. */
  works = false;
  /** Load it reports besides its clients; undefined for no answer. */
  load: Partial<GatewayLoad> | undefined = {};
  /** Number of times it has reported its load. */
  asked = 0;
  readonly #traffic: Traffic;

  /** @param onClose takes a client that is told to connect again */
  constructor(pod: Pod, onClose: (client: FakeClient, from: FakeGateway) => void) {
    this.name = pod.metadata.name;
    this.revision = pod.metadata.labels?.[REVISION_LABEL] ?? '';
    this.#traffic = new Traffic({
      connections: () => this.clients.size,
      shed: count => {
        for (const client of [...this.clients].slice(0, count)) {
          this.clients.delete(client);
          client.moves++;
          onClose(client, this);
        }
      },
      stopAccepting: () => undefined,
      moved: () => undefined,
      now: () => performance.now(),
      logger: SILENT,
    });
    this.#traffic.start();
  }

  get ready(): boolean {
    return this.works && this.#traffic.ready;
  }
  /** True if it is to take no new clients. */
  get shut(): boolean {
    return this.#traffic.draining;
  }
  get refuses(): boolean {
    return this.#traffic.refusing;
  }

  /** Reads its annotations, and closes what is due. */
  step({ metadata: { annotations } }: Pod): void {
    const text = annotations?.[TRAFFIC_ANNOTATION];
    this.#traffic.setIntent(text === undefined ? null : JSON.parse(text));
    this.#traffic.wave();
  }

  /** The answer of `/load`. */
  answer(): GatewayLoad {
    if (!this.load) throw new Error('no answer');
    this.asked += 1;
    return {
      gateway: this.name,
      ready: this.ready,
      draining: this.#traffic.draining,
      refusing: this.#traffic.refusing,
      connections: this.clients.size,
      maxConnections: 15_000,
      deliveriesPerSecond: 0,
      eventLoopLagMs: 0,
      cpu: 0,
      commandsPerSecond: 10,
      errorsPerSecond: 0,
      publishMs: 0,
      refusedPerSecond: 0,
      optionsVersion: '',
      ...this.load,
    };
  }
}
