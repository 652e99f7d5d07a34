import { clusterBinaries, metricsServerBinary } from '../../../tools/cluster/binaries.ts';
import { buildChatImage } from '../../../tools/cluster/chat-image.ts';
import { CLUSTER_TOOLS, ensureTools, IMAGE_TOOLS, whyNoCluster } from '../../../tools/cluster/host.ts';
import { LOCAL } from '../../../tools/cluster/layout.ts';
import { stopCluster } from '../../../tools/cluster/stop.ts';
import { mongoKind } from '../../../tools/local/mongo.ts';
import { ensureMongoStandIn } from '../../../tools/local/mongo-stand-in.ts';
import { natsBinary } from '../../../tools/local/nats-binary.ts';
import { checkPrerequisites, spinePrerequisites } from '../../../tools/local/prerequisites.ts';
import { longStep } from '../../../tools/local/run.ts';
import { kubeChat } from '../kube/kube-chat.ts';

export interface Stages {
  /** Waits for what a ring needs. */
  before(ring: string): Promise<void>;
  /** Ends what was started for the tests. */
  after(): Promise<void>;
}

const BROWSER = [{ program: 'chromium', debian: 'chromium' }];

/**
 * Says at once what is missing, and starts the long builds, so that they go on beside the first rings.
 * @throws naming everything that is missing
 */
export async function prepare(rings: readonly string[]): Promise<Stages> {
  const wants = (...names: string[]) => names.some(name => rings.includes(name));
  const onCluster = wants('e2e', 'interop');
  if (!wants('integration', 'browser') && !onCluster)
    return { before: async () => undefined, after: async () => undefined };
  const problems = await checkPrerequisites(await spinePrerequisites());
  const noCluster = onCluster ? whyNoCluster(process.platform, process.getuid?.()) : null;
  const foreign = Boolean(process.env['CHATCLUSTER_KUBECONFIG']);
  const ownCluster = onCluster && noCluster === null && !foreign;
  if (noCluster !== null && !foreign) problems.push(noCluster);
  if (problems.length > 0) throw new Error(`cannot run the tests:\n${problems.join('\n')}`);

  const spine = (async () => {
    await natsBinary();
    if ((await mongoKind()) === 'stand-in') await ensureMongoStandIn();
    await longStep('building the page', process.execPath, ['web/build.ts']);
  })();
  const cluster = spine.then(async () => {
    if (onCluster) await ensureTools([...CLUSTER_TOOLS, ...IMAGE_TOOLS]);
    if (wants('browser')) await ensureTools(BROWSER);
    if (wants('integration') || onCluster) await clusterBinaries(); // the integration tests run its API server
  });
  const addOns = cluster.then(async () => {
    if (wants('e2e')) await metricsServerBinary();
  });
  addOns.catch(() => undefined); // reported by the stage that waits for it
  // What fails here the tests try again, and say what is wrong.
  const images = addOns
    .then(async () => {
      if (ownCluster) await buildChatImage();
    })
    .catch(() => undefined);
  let up: Promise<unknown> = Promise.resolve();

  return {
    async before(ring) {
      if (ring !== 'unit') await cluster;
      // The tests of the page leave most of the machine idle.
      if (ring === 'browser' && ownCluster) up = images.then(bringUp).catch(() => undefined);
      if (ring === 'e2e') await Promise.all([addOns, images, up]);
    },
    async after() {
      await up;
      if (ownCluster) await stopCluster(LOCAL);
    },
  };
}

/** Brings up the cluster of the first test on it, with the chat. */
async function bringUp(): Promise<void> {
  const ends: (() => unknown)[] = [];
  try {
    await kubeChat({ after: end => void ends.push(end) });
  } finally {
    for (const end of ends) await end();
  }
}
