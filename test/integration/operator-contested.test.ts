import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RESOURCES } from '../../operator/kube/resources.ts';
import { until } from '../../tools/support/until.ts';
import { FleetSuite } from '../support/kube/fleet-suite.ts';
import { ObservedFleet } from '../support/kube/observed-fleet.ts';

const suite = new FleetSuite();

test('what somebody changes again and again is put back three times at once, then seldom, and told', async () => {
  const fleet = await ObservedFleet.make(suite, 'contested', { replicas: 1 });
  await fleet.change({ spec: { limits: { pingSeconds: 20 } } });
  type Options = { readonly data: Readonly<Record<string, string>> };
  const value = async () => {
    const { data } = await suite.api.client.get<Options>(RESOURCES.configMaps, 'default', 'contested-gateway');
    return data['CHAT_PING_SECONDS'];
  };
  await until('the option is there', async () => (await value()) === '20');
  const change = () =>
    suite.api.client.patch(RESOURCES.configMaps, 'default', 'contested-gateway', {
      data: { CHAT_PING_SECONDS: '9' },
    });
  for (const time of ['first', 'second', 'third']) {
    await change();
    await until(`it is put back the ${time} time`, async () => (await value()) === '20');
  }
  await change();
  const { message } = await fleet.says('ChildrenAsWritten', 'Contested');
  assert.match(message, /ConfigMap contested-gateway: data\.CHAT_PING_SECONDS is changed again and again by test/);
  for (const look of ['first', 'second', 'third']) {
    const passed = await suite.passes();
    await fleet.annotate({ 'example.com/look': look });
    await until('the operator has looked again', async () => (await suite.passes()) > passed);
  }
  assert.equal(await value(), '9');
  const { values } = await suite.operator.metrics.repairs.get();
  assert.equal(values.find(({ labels }) => labels.kind === 'ConfigMap')?.value, 3);

  await fleet.change({ spec: { limits: { pingSeconds: 22 } } });
  await until('a change of the spec does not wait', async () => (await value()) === '22');
  await fleet.says('ChildrenAsWritten', 'AsWritten');
});
