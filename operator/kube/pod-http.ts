import type { AskPod } from '../api/ask-pod.ts';

const TIMEOUT_MS = 2_000;
const MAX_BYTES = 65_536;

/** Why a pod gave no answer, in words that stay the same while the cause does. */
class NoAnswer extends Error {}

/** @throws {Error} saying why there is no answer: no address, a time-out of 2 s, a status, a body above 64 KiB */
export const askPod: AskPod = async (pod, port, path) => {
  const { podIP } = pod.status;
  if (!podIP) throw new NoAnswer('it has no address yet');
  const host = podIP.includes(':') ? `[${podIP}]` : podIP;
  try {
    // A redirect would let a pod choose whom the operator asks.
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(`http://${host}:${port}${path}`, { signal, redirect: 'error' });
    const body = await bodyOf(answer);
    if (!answer.ok) throw new NoAnswer(`it answered ${answer.status}`);
    return JSON.parse(body);
  } catch (error) {
    throw error instanceof NoAnswer ? error : new NoAnswer(reasonOf(error));
  }
};

async function bodyOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new NoAnswer(`it answered more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the request failed';
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1_000} s`;
  if (error instanceof SyntaxError) return 'it answered no JSON';
  const code = error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : '';
  return code === '' ? 'the request failed' : code;
}
