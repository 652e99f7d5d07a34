import { MongoClient } from 'mongodb';
import { names } from '../../../server/bus/names.ts';
import { CLIENT_PATHS } from '../../../server/contract/ports.ts';
import { type Access, clusterAccess } from '../../../tools/cluster/access.ts';
import { loadBackendImages } from '../../../tools/cluster/backend-images.ts';
import { buildChatImage, CHAT_IMAGE } from '../../../tools/cluster/chat-image.ts';
import { applyExamples, CHAT, type ChatObject, readyChat } from '../../../tools/cluster/chat-service.ts';
import type { Forward } from '../../../tools/cluster/forward.ts';
import { loadBuilt } from '../../../tools/cluster/load-image.ts';
import { forwardService } from '../../../tools/cluster/reach.ts';
import { installOperator } from '../../../tools/cluster/release.ts';
import { startCluster } from '../../../tools/cluster/start.ts';
import type { Teardown } from '../../../tools/support/backends.ts';
import { SECRET } from '../../../tools/support/token.ts';
import { until } from '../../../tools/support/until.ts';

export const NAMESPACE = 'e2e';
export const IN_NAMESPACE = `--namespace=${NAMESPACE}`;

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly ready: boolean;
      readonly lastState: { readonly terminated?: { readonly exitCode: number } };
    }[];
  };
}

/** The example ChatCluster on a real cluster, operated by the chart of this checkout. */
export interface KubeChat {
  readonly access: Access;
  readonly chat: ChatObject;
  /** WebSocket address on the host. */
  readonly url: string;
  /** Reason for which connections to `url` all reach one gateway; false if they are balanced over all. */
  readonly unbalanced: string | false;
  /** The gateways' pods, without those that are on their way out. */
  gateways(): Promise<readonly Pod[]>;
  /** The collection of stored messages. */
  messages(): ReturnType<ReturnType<MongoClient['db']>['collection']>;
}

/** Brings up what is missing, from the cluster to the ChatCluster, and waits until it is Ready. What it started stays. */
export async function kubeChat(t: Teardown): Promise<KubeChat> {
  const access = clusterAccess(process.env);
  const say = (line: string) => process.stderr.write(`${line}\n`);
  await installOperator(access, await imageFor(access, say), 'debug');
  await applyExamples(access, NAMESPACE, SECRET);
  const chat = await readyChat(access, NAMESPACE, say);
  const forward = async (service: string, port: number): Promise<Forward> => {
    const made = await forwardService(access, { namespace: NAMESPACE, service, port });
    t.after(() => made.close());
    return made;
  };
  const address = process.env['CHATCLUSTER_ADDRESS'] ?? `127.0.0.1:${(await forward(CHAT, 80)).port}`;
  const balanced = access.local !== null || process.env['CHATCLUSTER_ADDRESS'] !== undefined;
  const mongodb = await forward('mongodb', 27_017);
  const mongo = new MongoClient(`mongodb://127.0.0.1:${mongodb.port}/?directConnection=true`);
  t.after(() => mongo.close());
  return {
    access,
    chat,
    url: `ws://${address}${CLIENT_PATHS.websocket}`,
    unbalanced: !balanced && 'kubectl port-forward leads to one gateway: set CHATCLUSTER_ADDRESS',
    async gateways() {
      const selector = `--selector=app.kubernetes.io/instance=${CHAT},app.kubernetes.io/component=gateway`;
      const { items } = await access.get<{ items: Pod[] }>(['pods', IN_NAMESPACE, selector]);
      return items.filter(pod => pod.metadata.deletionTimestamp === undefined);
    },
    messages: () => mongo.db(names(chat.status?.instance ?? '').database).collection('messages'),
  };
}

async function imageFor(access: Access, say: (line: string) => void): Promise<string> {
  const given = process.env['CHATCLUSTER_IMAGE'];
  if (given) return given; // the cluster has it already
  if (!access.local) return CHAT_IMAGE;
  await startCluster(access.local, say);
  const image = await buildChatImage();
  await loadBuilt(access.local, image);
  await loadBackendImages(access.local);
  return image;
}

/** Waits on the cluster, where things take a while: by default two minutes. @param state what to tell when it is in vain */
export function eventually<T>(
  what: string,
  ask: () => Promise<T>,
  ms = 120_000,
  state?: () => unknown,
): Promise<NonNullable<T>> {
  return until(what, ask, { ms, pollMs: 500, ...(state ? { state } : {}) });
}
