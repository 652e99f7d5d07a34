import type { Access } from '../../../tools/cluster/access.ts';
import { killContainer } from '../../../tools/cluster/kill.ts';
import { RELEASE } from '../../../tools/cluster/release.ts';
import { eventually } from './kube-chat.ts';

const IN_SYSTEM = `--namespace=${RELEASE.namespace}`;

interface Lease {
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
}

/** The processes of the operator: one leads by a Lease. */
export interface OperatorPods {
  /** Pod that holds the Lease. */
  holder(): Promise<string>;
  /** Sends a signal to the process that leads, past Kubernetes. @returns its pod */
  signalLeader(signal: 'KILL' | 'STOP'): Promise<string>;
  /** Lets a stopped one go on. */
  resume(pod: string): Promise<void>;
  /** Waits until another process than `before` leads. */
  newLeader(before: string): Promise<void>;
}

export function operatorPods(access: Access): OperatorPods {
  const holder = async () => {
    const { spec } = await access.get<Lease>(['lease', RELEASE.name, IN_SYSTEM]);
    return spec.holderIdentity ?? '';
  };
  const signal = (pod: string, name: string) =>
    killContainer(access, { namespace: RELEASE.namespace, pod, container: 'operator' }, name);
  return {
    holder,
    async signalLeader(name) {
      // Its identity is the pod's name and a number of the process.
      const pod = (await holder()).split('_')[0] ?? '';
      await signal(pod, name);
      return pod;
    },
    resume: pod => signal(pod, 'CONT'),
    async newLeader(before) {
      await eventually('another process leads', async () => {
        const now = await holder();
        return now !== '' && now !== before;
      });
    },
  };
}
