import type { ChatCluster } from '../api/chat-cluster.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { childName } from './names.ts';

export type AddressFamily = 'IPv4' | 'IPv6';

interface ServiceObject extends KubeObject {
  readonly spec?: { readonly ipFamilies?: readonly AddressFamily[] };
}

/** First address family of each existing Service, by its name. It is immutable in the API. */
export function firstFamilies(children: readonly KubeObject[]): ReadonlyMap<string, AddressFamily> {
  const services = children.filter(({ kind }) => kind === 'Service') as readonly ServiceObject[];
  return new Map(
    services.flatMap(({ metadata, spec }) => {
      const [first] = spec?.ipFamilies ?? [];
      return first === undefined ? [] : [[metadata.name, first]];
    }),
  );
}

/** Families out of `wanted` that a Service with the first family `first` may have. */
function allowed(wanted: readonly AddressFamily[], first: AddressFamily | undefined): readonly AddressFamily[] {
  if (first === undefined || wanted[0] === first) return wanted;
  return wanted.length === 1 ? [first] : [first, ...wanted.filter(family => family !== first)];
}

/** Fields of the spec of a Service; the API server chooses what the ChatCluster leaves out. @param first see {@link firstFamilies} */
export function addressFamilies({ spec }: ChatCluster, first: AddressFamily | undefined): object {
  const { ipFamilyPolicy, ipFamilies } = spec.service;
  return {
    ...(ipFamilyPolicy === undefined ? {} : { ipFamilyPolicy }),
    ...(ipFamilies === undefined ? {} : { ipFamilies: allowed(ipFamilies, first) }),
  };
}

/** A sentence on Services that cannot have the first family of the spec; empty without. */
export function keptFamilies({ metadata, spec }: ChatCluster, children: readonly KubeObject[]): string {
  const [wanted] = spec.service.ipFamilies ?? [];
  if (wanted === undefined) return '';
  const families = firstFamilies(children);
  const kept = [childName.clientService(metadata.name), childName.gatewaysService(metadata.name)].filter(
    name => (families.get(name) ?? wanted) !== wanted,
  );
  if (kept.length === 0) return '';
  const names = kept.map(name => `Service ${name}`).join(' and ');
  return `the first address family of ${names} is not ${wanted} and cannot change: delete the Service, and it is created again with another address`;
}
