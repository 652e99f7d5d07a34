import type { Pod } from '../api/kube-object.ts';

const TIMEOUT_MS = 2_000;
const MAX_BYTES = 65_536;

/** Asks a pod for JSON on one of its ports. */
export type AskPod = (pod: Pod, port: number, path: string) => Promise<unknown>;

/** @throws {Error} saying why there is no answer: no address, a time-out of 2 s, a status, a body above 64 KiB */
export const askPod: AskPod = async (pod, port, path) => {
  const { podIP } = pod.status;
  if (!podIP) throw new Error('it has no address yet');
  const host = podIP.includes(':') ? `[${podIP}]` : podIP;
  const answer = await fetch(`http://${host}:${port}${path}`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
    redirect: 'error',
  }).catch((error: unknown) => {
    throw new Error(reasonOf(error));
  });
  if (!answer.ok || !answer.body) {
    await answer.body?.cancel();
    throw new Error(`it answered ${answer.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body as ReadableStream<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`it answered more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
};

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1_000} s`;
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return code === '' ? 'the request failed' : code;
}
