import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { AskPod } from '../api/ask-pod.ts';

const TIMEOUT_MS = 2_000;
const MAX_BYTES = 65_536;

/**
 * Milliseconds an idle connection is kept: longer than the longest time between two questions to a pod (30 s), and less
 * than the pod's admin port keeps it (75 s).
 */
const IDLE_MS = 70_000;
/**
 * Connections to one pod. One question is open at a time; the second connection is for a retry while the first one closes.
 */
const SOCKETS_PER_POD = 2;
/** Idle connections over all pods, about 10 KB of memory each. Pods beyond them get a new connection for each question. */
const MAX_IDLE = 10_000;

/** Reason why a pod gave no answer. The text stays the same while the cause does, because conditions quote it. */
class NoAnswer extends Error {}

/** Pool of connections to pods that bounds the idle ones over all pods. */
class PodAgent extends Agent {
  readonly #maxIdle: number;
  readonly #idle = new Set<Socket>();
  /** Sockets that have a `close` listener already: one each, however often they are used. */
  readonly #followed = new WeakSet<Socket>();

  constructor(maxIdle: number) {
    super({ keepAlive: true, maxSockets: SOCKETS_PER_POD, maxFreeSockets: 1, timeout: IDLE_MS });
    this.#maxIdle = maxIdle;
  }

  override keepSocketAlive(socket: Socket): boolean {
    if (this.#idle.size >= this.#maxIdle) return false;
    this.#idle.add(socket);
    if (!this.#followed.has(socket)) {
      this.#followed.add(socket);
      socket.once('close', () => this.#idle.delete(socket));
    }
    // The base class heeds the `Keep-Alive` time-out of the other side.
    return super.keepSocketAlive(socket) as unknown as boolean;
  }

  override reuseSocket(socket: Socket, of: Parameters<Agent['reuseSocket']>[1]): void {
    this.#idle.delete(socket);
    super.reuseSocket(socket, of);
  }
}

/**
 * Makes an {@link AskPod} over HTTP that keeps its connections: opening one costs more than the question itself.
 * @param maxIdle idle connections that are kept, over all pods; default 10,000
 * @returns rejects with a reason when the pod has no address, does not answer within 2 s, answers a status other than 2xx,
 * answers no JSON, or a body above 64 KiB
 */
export function podHttp(maxIdle = MAX_IDLE): AskPod {
  const agent = new PodAgent(maxIdle);
  return async (pod, port, path) => {
    const { podIP } = pod.status;
    if (!podIP) throw new NoAnswer('it has no address yet');
    try {
      return JSON.parse(await ask(agent, podIP, port, path));
    } catch (error) {
      throw error instanceof NoAnswer ? error : new NoAnswer(reasonOf(error));
    }
  };
}

/** {@link podHttp} with the default number of idle connections. */
export const askPod: AskPod = podHttp();

async function ask(agent: Agent, host: string, port: number, path: string): Promise<string> {
  const asked = { sent: undefined as ClientRequest | undefined, isLate: false };
  const timer = setTimeout(() => {
    asked.isLate = true;
    asked.sent?.destroy();
  }, TIMEOUT_MS);
  const once = () =>
    new Promise<string>((resolve, reject) => {
      asked.sent = request({ agent, host, port, path }, answer => bodyOf(answer).then(resolve, reject));
      asked.sent.once('error', reject).end();
    });
  try {
    return await once().catch((error: NodeJS.ErrnoException) => {
      // The pod closed the idle connection at the moment it was used again, so the question never arrived.
      if (asked.isLate || !asked.sent?.reusedSocket || error.code !== 'ECONNRESET') throw error;
      return once();
    });
  } catch (error) {
    throw asked.isLate ? new NoAnswer(`no answer within ${TIMEOUT_MS / 1_000} s`) : error;
  } finally {
    clearTimeout(timer);
  }
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  // A redirect is an error like any other status: following it would let a pod choose where the operator sends requests.
  const { statusCode = 0 } = answer;
  if (statusCode < 200 || statusCode > 299) {
    answer.destroy();
    throw new NoAnswer(`it answered ${statusCode}`);
  }
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > MAX_BYTES) answer.destroy(new NoAnswer(`it answered more than ${MAX_BYTES} bytes`));
    });
    answer.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    answer.once('error', reject);
  });
}

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'it answered no JSON';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code === '' ? 'the request failed' : code;
}
