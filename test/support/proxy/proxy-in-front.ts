import { CLIENT_PATHS } from '../../../server/contract/ports.ts';
import { forwardTo } from '../../../tools/cluster/forward.ts';
import type { Layout } from '../../../tools/cluster/layout.ts';
import { holderOf } from '../../../tools/cluster/namespaces.ts';
import type { Teardown } from '../../../tools/support/backends.ts';
import type { OwnChat } from '../kube/own-chat.ts';
import { type Sighting, watch } from '../kube/watch-pods.ts';
import { type DroppingProxy, droppingProxy } from './dropping-proxy.ts';

/** Ports in the cluster's network namespace, where nothing else listens on them. */
const FIRST_PORT = 21_000;
const PORTS = Array.from({ length: 17 }, (_, at) => FIRST_PORT + at);
const CLIENT_PORT = 8080;
const POLL_MS = 100;

export interface ProxyInFront extends Pick<DroppingProxy, 'dropped'> {
  /** WebSocket address on the host. */
  readonly url: string;
}

/** Pods that the endpoints of a slice offer, from a line of the watch; endpoints without a pod are left out. */
function offered({ text }: Sighting): string[] {
  const [addresses = [], ready = []] = text.split('/').map(list => list.split(' '));
  return addresses.filter((address, at) => address !== '' && ready[at] === 'true');
}

/**
 * Puts a proxy in front of a ChatCluster of the local cluster that follows the endpoints of its Service and closes the
 * connections of pods that left them, as load balancers of clouds do. It goes with the test.
 */
export async function proxyInFront(
  t: Teardown,
  chat: OwnChat,
  local: Layout,
  delaySeconds: number,
): Promise<ProxyInFront> {
  const through = ['nsenter', '--target', String(holderOf(local)), '--net'];
  const proxy = await droppingProxy(t, { delaySeconds, ports: PORTS, through });
  const slices = await watch(
    t,
    chat,
    ['endpointslices', `--selector=kubernetes.io/service-name=${chat.name}`],
    '{.endpoints[*].addresses[0]}/{.endpoints[*].conditions.ready}',
  );
  let followed = 0;
  let over = false;
  const follow = async () => {
    if (slices.length === followed) return;
    followed = slices.length;
    const last = slices.at(-1);
    await proxy.lead(last ? offered(last).map(address => `${address}:${CLIENT_PORT}`) : []);
  };
  await follow();
  const following = (async () => {
    while (!over) {
      await follow();
      await new Promise(resolve => setTimeout(resolve, POLL_MS));
    }
  })();
  t.after(() => {
    over = true;
    return following;
  });
  const forward = await forwardTo(local, { host: '127.0.0.1', port: proxy.port });
  t.after(() => forward.close());
  return { url: `ws://127.0.0.1:${forward.port}${CLIENT_PATHS.websocket}`, dropped: proxy.dropped };
}
