import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Teardown } from '../../../tools/support/backends.ts';
import { IN_NAMESPACE } from './kube-chat.ts';
import type { OwnChat } from './own-chat.ts';

/** Events of a watch, with their times. */
export interface Sighting {
  /** Wall clock. */
  readonly at: number;
  readonly text: string;
}

/** Watches with kubectl until the test ends. @param template of one line for each change, as jsonpath */
export async function watch(
  t: Teardown,
  { access }: OwnChat,
  args: readonly string[],
  template: string,
): Promise<Sighting[]> {
  const program = access.local ? join(access.local.bin, 'kubectl') : 'kubectl';
  const all = ['get', ...args, IN_NAMESPACE, '--watch', `--output=jsonpath=${template}{"\\n"}`];
  const child = spawn(program, all, {
    env: { ...process.env, KUBECONFIG: access.kubeconfig },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => void child.kill());
  const sightings: Sighting[] = [];
  const lines = createInterface(child.stdout);
  lines.on('line', text => sightings.push({ at: performance.now(), text }));
  await once(lines, 'line');
  return sightings;
}

/** True if a line of the watch of EndpointSlices offers a pod. */
function offers(text: string, pod: string): boolean {
  const [names = [], ready = []] = text.split('/').map(list => list.split(' '));
  return ready[names.indexOf(pod)] === 'true';
}

/** Pods of which a line holds. @param holds told the fields of a line */
function namesOf(sightings: readonly Sighting[], holds: (fields: readonly string[]) => boolean): Set<string> {
  const lines = sightings.map(({ text }) => text.split('/'));
  return new Set(lines.filter(holds).map(([name = '']) => name));
}

/** Times at which pods stopped taking clients, as visible in the cluster. */
export interface PodWatch {
  /** Time at which a pod was first seen without the label and in no ready endpoint of the client Service, by `performance.now()`. @throws if never */
  shutAt(pod: string): number;
  /** Pods that were ever seen without the label that asks for clients. */
  everShut(): Set<string>;
  /** Pods that were ever seen NotReady before they were to terminate. */
  everUnready(): Set<string>;
}

export async function watchPods(t: Teardown, chat: OwnChat): Promise<PodWatch> {
  const selector = `--selector=app.kubernetes.io/instance=${chat.name},app.kubernetes.io/component=gateway`;
  const ready = '{.status.conditions[?(@.type=="Ready")].status}';
  const label = '{.metadata.labels.chatcluster\\.dev/clients}';
  const state = `{.metadata.name}/${label}/${ready}/{.metadata.deletionTimestamp}`;
  const pods = await watch(t, chat, ['pods', selector], state);
  const slices = await watch(
    t,
    chat,
    ['endpointslices', `--selector=kubernetes.io/service-name=${chat.name}`],
    // A range in a template is empty in all but the first line of a watch.
    '{.endpoints[*].targetRef.name}/{.endpoints[*].conditions.ready}',
  );
  const first = (what: string, sightings: readonly Sighting[], holds: (text: string) => boolean) => {
    const found = sightings.find(({ text }) => holds(text));
    if (found === undefined) throw new Error(`${what} was never seen: ${JSON.stringify(sightings)}`);
    return found.at;
  };
  return {
    shutAt: pod =>
      Math.max(
        first(`${pod} without the label`, pods, text => text.startsWith(`${pod}//`)),
        first(`${pod} out of the endpoints`, slices, text => !offers(text, pod)),
      ),
    everShut: () => namesOf(pods, ([, label]) => label === ''),
    everUnready: () => namesOf(pods, ([, , ready, end]) => ready === 'False' && end === ''),
  };
}
