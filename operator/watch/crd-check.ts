import type { Clock } from '../../server/time/clock.ts';
import { GROUP, VERSION } from '../api/chat-cluster.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { unknownFields } from '../desired/spec-fields.ts';
import { ApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import { RESOURCES } from '../kube/resources.ts';

/** Milliseconds between two looks: soon enough for a person who waits after an upgrade. One answer has about 100 KB. */
const LOOK_MS = 60_000;
const NAME = `${RESOURCES.chatClusters.plural}.${GROUP}`;

interface Crd extends KubeObject {
  readonly spec: {
    readonly versions: readonly {
      readonly name: string;
      readonly schema?: { readonly openAPIV3Schema?: Parameters<typeof unknownFields>[0] };
    }[];
  };
}

export interface CrdCheckOptions {
  readonly client: Pick<KubeClient, 'get'>;
  readonly clock: Clock;
  /**
   * Called when the answer changes.
   * @param unknown fields the CRD lacks; undefined while the operator may not read the CRD
   * @param why the API server's refusal; empty otherwise
   */
  readonly onChange: (unknown: readonly string[] | undefined, why: string) => void;
}

/**
 * Compares the CRD in the cluster with the fields this operator reads and writes. An older CRD silently drops unknown
 * fields of a spec and refuses a status that has one. It stays old where Helm does not manage CRDs, or where a person
 * applied it.
 */
export class CrdCheck {
  readonly #options: CrdCheckOptions;
  #unknown: readonly string[] | undefined;
  #fingerprint: string | undefined;

  constructor(options: CrdCheckOptions) {
    this.#options = options;
  }

  /** Fields that the CRD lacks; undefined while the CRD has not been read. */
  get unknown(): readonly string[] | undefined {
    return this.#unknown;
  }

  /** Looks now and every minute. @returns a function that stops it */
  start(): () => void {
    let stop = () => {};
    let ended = false;
    const look = async (): Promise<void> => {
      await this.look();
      if (!ended) stop = this.#options.clock.after(LOOK_MS, () => void look());
    };
    void look();
    return () => {
      ended = true;
      stop();
    };
  }

  /** Reads the CRD once; never rejects. */
  async look(): Promise<void> {
    try {
      const { spec } = await this.#options.client.get<Crd>(RESOURCES.customResourceDefinitions, '', NAME);
      const schema = spec.versions.find(({ name }) => name === VERSION)?.schema?.openAPIV3Schema;
      this.#found(unknownFields(schema ?? {}), '');
    } catch (error) {
      // Any other error passes: the last answer stays.
      if (error instanceof ApiError && error.code === 403) this.#found(undefined, error.message);
    }
  }

  #found(unknown: readonly string[] | undefined, why: string): void {
    this.#unknown = unknown;
    const fingerprint = JSON.stringify(unknown ?? 'unknown');
    if (fingerprint === this.#fingerprint) return;
    this.#fingerprint = fingerprint;
    this.#options.onChange(unknown, why);
  }
}
