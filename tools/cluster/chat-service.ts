import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/until.ts';
import type { Access } from './access.ts';
import { REPOSITORY } from './layout.ts';

/** The ChatCluster of the example. */
export const CHAT = 'chat';

const READY_MS = 300_000;

/** Condition of a ChatCluster. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** The parts of a ChatCluster that demo and tests look at. */
export interface ChatObject {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
    readonly instance?: string;
    readonly gateways?: {
      readonly readyReplicas?: number;
      readonly desiredReplicas?: number;
      readonly revision?: string;
    };
  };
}

/**
 * Applies the examples of `docs/examples` in a namespace: NATS, a MongoDB and a ChatCluster on them. The local cluster
 * runs the images built for it, and the stand-in for MongoDB; another one pulls those of NATS and MongoDB.
 * @param secret signs the users' tokens; one that is there already is kept
 */
export async function applyExamples(access: Access, namespace: string, secret: string): Promise<void> {
  const apply = (manifest: string) =>
    access.kubectl(['apply', '--server-side', '--force-conflicts', `--namespace=${namespace}`, '-f', '-'], manifest);
  await apply(JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }));
  const secrets = await access.kubectl([
    'get',
    'secret',
    'chat-auth',
    `--namespace=${namespace}`,
    '--ignore-not-found',
  ]);
  if (secrets === '') {
    const auth = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'chat-auth' }, stringData: { secret } };
    await apply(JSON.stringify(auth));
  }
  const example = (name: string) => readFileSync(join(REPOSITORY, 'docs/examples', `${name}.yaml`), 'utf8');
  const nats = example('nats');
  await apply(access.local ? nats : nats.replace('localhost/nats:', 'docker.io/library/nats:'));
  await apply(example(access.local ? 'mongodb-stand-in' : 'mongodb'));
  await apply(example('chatcluster'));
}

/** One line on the way to a ChatCluster that is ready: the condition that is still open. */
function progressOf(ready: Condition | undefined, progressing: Condition | undefined): string {
  if (!ready) return 'waiting for the operator';
  if (ready.status !== 'True') return `not ready: ${ready.message}`;
  return progressing?.reason === 'Complete' ? 'ready' : `ready, in progress: ${progressing?.message ?? 'unknown'}`;
}

/** Waits until the ChatCluster is Ready and every client is, or will be, where the spec wants it. @param say receives each change on the way */
export async function readyChat(access: Access, namespace: string, say: (line: string) => void): Promise<ChatObject> {
  let before = '';
  const ask = async () => {
    const chat = await access.get<ChatObject>(['chatcluster', CHAT, `--namespace=${namespace}`]);
    const conditions = chat.status?.conditions ?? [];
    const is = (type: string) => conditions.find(each => each.type === type);
    const now = progressOf(is('Ready'), is('Progressing'));
    if (now !== before) say(now);
    before = now;
    const seen = chat.status?.observedGeneration === chat.metadata.generation;
    return seen && is('Ready')?.status === 'True' && is('Progressing')?.reason === 'Complete' ? chat : null;
  };
  return until(`the ChatCluster ${namespace}/${CHAT} is Ready`, ask, { ms: READY_MS, pollMs: 500 });
}
