import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { AskPod } from '../api/ask-pod.ts';

const TIMEOUT_MS = 2_000;
const MAX_BYTES = 65_536;

/** Longer than the longest time between two questions to a pod, and less than its admin port keeps a connection for (75 s). */
const IDLE_MS = 70_000;
/** A pod is asked one thing at a time; the second one is for the answer that a connection closes while it is asked for. */
const SOCKETS_PER_POD = 2;
/** About 10 KB of memory each. Whoever comes beyond them gets a new connection for each question. */
const MAX_IDLE = 10_000;

/** Why a pod gave no answer, in words that stay the same while the cause does. */
class NoAnswer extends Error {}

/** Keeps the connections to pods, a bounded number of them. */
class PodAgent extends Agent {
  readonly #maxIdle: number;
  readonly #idle = new Set<Socket>();
  /** Those that tell when they close: once each, however often they are used. */
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
    // It knows how long the other side said that it waits.
    return super.keepSocketAlive(socket) as unknown as boolean;
  }

  override reuseSocket(socket: Socket, of: Parameters<Agent['reuseSocket']>[1]): void {
    this.#idle.delete(socket);
    super.reuseSocket(socket, of);
  }
}

/**
 * A way to ask pods over HTTP that keeps its connections: a new one for each question costs more than the question.
 * @param maxIdle connections that are kept while nothing is asked, over all pods; default 10,000
 * @returns asks; throws {@link Error} saying why there is no answer: no address, a time-out of 2 s, a status other than 2xx,
 * no JSON, a body above 64 KiB
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

/** With the default number of connections. */
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
      // The other side closed an idle connection in the moment it was used again: the question never came in.
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
  // A redirect would let a pod choose whom the operator asks; it is no answer like any other.
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
