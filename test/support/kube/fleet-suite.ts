import { after, before } from 'node:test';
import type { Operator } from '../../../operator/operator.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { installChart, requests, runOperator } from './chat-operator.ts';
import { startControllers } from './controllers.ts';
import { FakeGateways } from './fake-gateways.ts';

/** Parts that all tests of a file share: an API server, Kubernetes' controllers, gateways without containers, and the operator. */
export class FleetSuite {
  api!: ApiServer;
  operator!: Operator;
  pods!: FakeGateways;

  /** Starts everything before the first test of the file and stops it after the last one. */
  constructor() {
    const ends: (() => unknown)[] = [];
    const suite = { after: (end: () => unknown) => void ends.unshift(end) } as Parameters<typeof runOperator>[0];
    before(async () => {
      this.api = await startApiServer(suite);
      await installChart(this.api);
      await startControllers(suite, this.api);
      this.pods = new FakeGateways(this.api);
      await this.pods.start(suite);
      this.operator = await runOperator(suite, this.api, '', this.pods.ask);
    });
    after(async () => {
      for (const end of ends) await end();
    });
  }

  /** Passes of the operator so far. */
  async passes(): Promise<number> {
    return (await this.operator.metrics.reconciles.get()).values.reduce((sum, { value }) => sum + value, 0);
  }

  /** Writes of the operator so far. */
  async writes(): Promise<number> {
    const { apply = 0, patch = 0, create = 0, delete: gone = 0 } = await requests(this.operator);
    return apply + patch + create + gone;
  }
}
