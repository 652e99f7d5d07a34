import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Access } from './access.ts';
import { type Forward, type ForwardSettings, forwardTo } from './forward.ts';

/** A port of a Service, by number or name. */
export interface ServicePort {
  readonly namespace: string;
  readonly service: string;
  readonly port: number | string;
}

export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

interface ServiceObject {
  readonly spec: {
    readonly ports: readonly { readonly name?: string; readonly port: number }[];
  };
}

/**
 * Opens a port on 127.0.0.1 that leads to a Service. In the local cluster every connection is balanced as in the cluster;
 * elsewhere `kubectl port-forward` takes all of them to one pod.
 */
export async function forwardService(
  access: Access,
  to: ServicePort,
  settings: ForwardSettings = {},
): Promise<Forward> {
  const { namespace, service } = to;
  const { spec } = await access.get<ServiceObject>(['service', service, `--namespace=${namespace}`]);
  const found = spec.ports.find(({ name, port }) => port === to.port || name === to.port);
  if (!found) throw new Error(`the Service ${namespace}/${service} has no port ${to.port}`);
  if (access.local)
    return forwardTo(access.local, { host: `${service}.${namespace}.svc.cluster.local`, port: found.port }, settings);
  return portForward(access, namespace, `service/${service}`, found.port);
}

/** Opens a port on 127.0.0.1 that leads to one pod, as long as it keeps its address. */
export async function forwardPod(access: Access, to: PodPort, settings: ForwardSettings = {}): Promise<Forward> {
  const { namespace, pod, port } = to;
  if (!access.local) return portForward(access, namespace, `pod/${pod}`, port);
  const { status } = await access.get<{ status: { podIP: string } }>(['pod', pod, `--namespace=${namespace}`]);
  return forwardTo(access.local, { host: status.podIP, port }, settings);
}

async function portForward(access: Access, namespace: string, what: string, port: number): Promise<Forward> {
  const args = ['port-forward', `--namespace=${namespace}`, what, `:${port}`];
  const env = { ...process.env, KUBECONFIG: access.kubeconfig };
  const child = spawn('kubectl', args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(child.stdout)) {
    const local = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (local === undefined) continue;
    child.stdout.resume();
    return {
      port: Number(local),
      async close() {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill();
        await once(child, 'exit');
      },
    };
  }
  throw new Error(`kubectl port-forward ${what} ended before it forwarded anything`);
}
