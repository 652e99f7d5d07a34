import assert from 'node:assert/strict';
import type { ChatCluster } from '../../../operator/api/chat-cluster.ts';
import type { Condition, KubeObject } from '../../../operator/api/kube-object.ts';
import { REVISION_LABEL } from '../../../operator/desired/names.ts';
import { ApiError } from '../../../operator/kube/api-error.ts';
import { RESOURCES } from '../../../operator/kube/resources.ts';
import { until } from '../../../tools/support/until.ts';
import type { ApiServer } from './api-server.ts';
import { chatCluster } from './chat-operator.ts';
import type { FakeClient, FakeGateway } from './fake-gateway.ts';
import type { FakeGateways } from './fake-gateways.ts';

export interface GatewayDeployment extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
  };
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly { image: string }[] } };
  };
}

/**
 * Times short enough for a test. The last client leaves about when `timeoutSeconds` have passed: a test whose machine stands
 * still for longer than a second of them would see a gateway end with clients.
 */
export const SWIFT = { drain: { delaySeconds: 1, timeoutSeconds: 4, reconnectsPerSecond: 100, patienceSeconds: 0 } };

/** One ChatCluster of a test, its gateways and the clients on them. */
export class ObservedFleet {
  readonly name: string;
  readonly #api: ApiServer;
  readonly #pods: FakeGateways;
  readonly clients: FakeClient[] = [];

  constructor({ api, pods }: { readonly api: ApiServer; readonly pods: FakeGateways }, name: string) {
    this.#api = api;
    this.#pods = pods;
    this.name = name;
  }

  /** Makes it and waits until its gateways are offered, with `clients` connected. @param gateway fields of `spec.gateway` */
  static async make(
    { api, pods }: { readonly api: ApiServer; readonly pods: FakeGateways },
    name: string,
    gateway: { readonly replicas: number; readonly [field: string]: unknown },
    clients = 0,
  ): Promise<ObservedFleet> {
    const fleet = new ObservedFleet({ api, pods }, name);
    await api.client.create(RESOURCES.chatClusters, chatCluster(name, { gateway: { ...SWIFT, ...gateway } }));
    await fleet.has(gateway.replicas);
    fleet.clients.push(...pods.connect(name, clients));
    return fleet;
  }

  get gateways(): FakeGateway[] {
    return this.#pods.of(this.name);
  }
  get names(): string[] {
    return this.gateways.map(({ name }) => name);
  }

  async cluster(): Promise<ChatCluster> {
    return await this.#api.client.get<ChatCluster>(RESOURCES.chatClusters, 'default', this.name);
  }

  async change(patch: object): Promise<void> {
    await this.#api.client.patch(RESOURCES.chatClusters, 'default', this.name, patch);
  }
  async gatewaySpec(gateway: object): Promise<void> {
    await this.change({ spec: { gateway } });
  }
  async annotate(annotations: Readonly<Record<string, string | null>>): Promise<void> {
    await this.change({ metadata: { annotations } });
  }

  async condition(type: string): Promise<Condition | undefined> {
    return (await this.cluster()).status?.conditions?.find(each => each.type === type);
  }
  /** Waits until a condition has this reason. @param status default: any */
  async says(type: string, reason: string, status?: Condition['status']): Promise<Condition> {
    return await until(`${type} of ${this.name} is ${status ?? ''} ${reason}`, async () => {
      const condition = await this.condition(type);
      return condition?.reason === reason && (status ?? condition.status) === condition.status ? condition : undefined;
    });
  }

  /** Waits until so many gateways run, all of them ready and offered to clients, and nothing goes on. @param ms deadline */
  async has(count: number, ms = 60_000): Promise<void> {
    await until(
      `${this.name} has ${count} gateways`,
      async () => {
        const { status } = await this.cluster();
        const offered = this.#pods.offeredOf(this.name);
        return (
          status?.gateways?.readyReplicas === count &&
          status.gateways.desiredReplicas === count &&
          this.gateways.length === count &&
          this.names.every(name => offered.includes(name))
        );
      },
      { ms, state: () => [this.names, this.#pods.offeredOf(this.name)] },
    );
  }

  async deployments(): Promise<GatewayDeployment[]> {
    const labelSelector = `chatcluster.dev/cluster=${this.name},${REVISION_LABEL}`;
    const { items } = await this.#api.client.list<GatewayDeployment>(RESOURCES.deployments, 'default', {
      labelSelector,
    });
    return [...items];
  }
  async revisions(): Promise<string[]> {
    return (await this.deployments()).map(({ metadata }) => metadata.labels?.[REVISION_LABEL] ?? '');
  }
  async serving(): Promise<string | undefined> {
    const service = await this.#api.client.get<{ spec: { selector: Record<string, string> } }>(
      RESOURCES.services,
      'default',
      this.name,
    );
    return service.spec.selector[REVISION_LABEL];
  }

  async pod(gateway: string): Promise<KubeObject> {
    return await this.#api.client.get<KubeObject>(RESOURCES.pods, 'default', gateway);
  }
  async annotationsOf(gateway: string): Promise<Readonly<Record<string, string>>> {
    return (await this.pod(gateway)).metadata.annotations ?? {};
  }

  /** Status of the Eviction API for the eviction of a gateway: 201, or 429 if a budget forbids it. */
  async evict(gateway: string): Promise<number> {
    const resource = { kind: 'Eviction', apiVersion: 'v1', plural: `pods/${gateway}/eviction` };
    const metadata = { name: gateway, namespace: 'default' };
    return await this.#api.client.create(resource, { apiVersion: 'policy/v1', kind: 'Eviction', metadata }).then(
      () => 201,
      (error: unknown) => {
        if (error instanceof ApiError) return error.code;
        throw error;
      },
    );
  }

  /** Asserts that no client was lost, and none moved more than `most` times. */
  assertMoves(most: number): void {
    const held = this.gateways.reduce((sum, gateway) => sum + gateway.clients.size, 0);
    assert.equal(held, this.clients.length, 'every client is connected');
    const moves = Math.max(0, ...this.clients.map(client => client.moves));
    assert.ok(moves <= most, `a client moved ${moves} times`);
    const killed = this.#pods
      .incidentsOf(this.name)
      .filter(({ what, clients }) => what === 'Terminated' && clients > 0);
    assert.deepEqual(killed, [], 'no gateway ended with clients');
  }
}
