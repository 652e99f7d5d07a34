import type { Pod } from './kube-object.ts';

/**
 * Asks a pod for JSON on one of its ports.
 *
 * An implementation answers or rejects within a few seconds, whatever the pod does, and bounds the size of an answer:
 * callers set no time-out. It may be called for many pods at once, and for several paths of one pod. It rejects with an
 * `Error` whose message gives the reason for silence and stays the same while the reason does, because conditions quote it.
 * The caller checks the answer: a pod may send any JSON.
 * @param path such as `/load`
 * @returns the parsed body
 */
export type AskPod = (pod: Pod, port: number, path: string) => Promise<unknown>;
