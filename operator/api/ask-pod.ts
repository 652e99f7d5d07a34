import type { Pod } from './kube-object.ts';

/** Asks a pod for JSON on one of its ports. Rejects with an error whose message says why there is no answer. */
export type AskPod = (pod: Pod, port: number, path: string) => Promise<unknown>;
