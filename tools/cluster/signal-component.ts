import { INSIDE, type Layout } from './layout.ts';
import { execInside } from './namespaces.ts';

/**
 * Sends a signal to a component of the control plane, by the name of its program such as `kube-apiserver`: `STOP` lets it
 * stand still with its connections open until `CONT`.
 */
export async function signalComponent(layout: Layout, program: string, signal: 'STOP' | 'CONT'): Promise<void> {
  const found = await execInside(layout, ['pgrep', '--full', `^${INSIDE.bin}/${program} `]);
  const pids = found.stdout.trim().split('\n');
  await execInside(layout, ['kill', '-s', signal, ...pids]);
}
