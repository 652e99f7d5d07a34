import type { Access } from './access.ts';
import { ctr } from './components.ts';
import { execInside, runningNodes } from './namespaces.ts';

export interface ContainerName {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

interface PodObject {
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly containerStatuses: readonly { readonly name: string; readonly containerID: string }[] };
}

/**
 * Sends a signal to the first process of a container, past Kubernetes: as an out-of-memory kill or a crash does.
 * @param signal such as `KILL`
 * @throws for a cluster that is not the local one, whose processes are out of reach
 */
export async function killContainer(access: Access, name: ContainerName, signal: string): Promise<void> {
  if (!access.local) throw new Error('only processes of the local cluster can be killed from here');
  const { spec, status } = await access.get<PodObject>(['pod', name.pod, `--namespace=${name.namespace}`]);
  const id = status.containerStatuses.find(each => each.name === name.container)?.containerID.split('//')[1];
  if (id === undefined) throw new Error(`the pod ${name.pod} has no container ${name.container}`);
  const node = runningNodes(access.local).find(each => each.name === spec.nodeName);
  if (node === undefined) throw new Error(`the pod ${name.pod} has no node that runs`);
  const { stdout } = await execInside(node, [...ctr, 'tasks', 'list']);
  const pid = new RegExp(`^${id}\\s+(\\d+)`, 'm').exec(stdout)?.[1];
  if (pid === undefined) throw new Error(`the container ${name.container} of ${name.pod} does not run`);
  await execInside(node, ['kill', '-s', signal, pid]);
}
