import { PORTS } from '../../server/contract/ports.ts';
import { isServing } from '../api/serving.ts';
import { addressFamilies } from './address-families.ts';
import { child } from './child.ts';
import type { Builder } from './choices.ts';
import { gatewayTemplate } from './gateway.ts';
import {
  ACCEPT,
  CLIENTS_LABEL,
  childName,
  hasClientsLabel,
  MOVED_ANNOTATION,
  selectorLabels,
  servingLabels,
} from './names.ts';

const port = (number: number) => ({
  name: 'client',
  port: number,
  targetPort: 'client',
  protocol: 'TCP',
  appProtocol: 'http',
});

/**
 * The Service for clients: ready gateways of the revision that serves, if they carry the label of those that take clients.
 * Where the pods of a revision lack the label, because an older operator wrote their template, the Service does not select by
 * it: there a gateway that is to take no clients turns NotReady.
 */
export const clientService: Builder = (cluster, choices) => {
  const { name } = cluster.metadata;
  const { serving, servingSince } = choices;
  const isLabelled = choices.revisions
    .filter(wanted => isServing(wanted, serving))
    .every(wanted => hasClientsLabel(gatewayTemplate(cluster, wanted, choices)));
  const { type, port: number, annotations } = cluster.spec.service;
  const service = child(
    cluster,
    {
      apiVersion: 'v1',
      kind: 'Service',
      name: childName.clientService(name),
      component: 'gateway',
      spec: {
        type,
        ...addressFamilies(cluster, choices.firstFamilies.get(childName.clientService(name))),
        selector: { ...servingLabels(name, serving), ...(isLabelled ? { [CLIENTS_LABEL]: ACCEPT } : {}) },
        ports: [port(number)],
      },
    },
    { ...annotations, ...(servingSince.getTime() > 0 ? { [MOVED_ANNOTATION]: servingSince.toISOString() } : {}) },
  );
  return [service];
};

/**
 * A Service over all gateways, ready or not, for as long as they live. Proxies such as Cilium's cut the connections of a
 * backend that leaves its last Service; through this one a draining gateway stays a backend.
 */
export const gatewaysService: Builder = (cluster, { firstFamilies }) => {
  const { name } = cluster.metadata;
  const service = child(cluster, {
    apiVersion: 'v1',
    kind: 'Service',
    name: childName.gatewaysService(name),
    component: 'gateway',
    spec: {
      type: 'ClusterIP',
      ...addressFamilies(cluster, firstFamilies.get(childName.gatewaysService(name))),
      publishNotReadyAddresses: true,
      selector: selectorLabels(name, 'gateway'),
      ports: [port(PORTS.client)],
    },
  });
  return [service];
};
