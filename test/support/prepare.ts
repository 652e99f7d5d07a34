import { clusterBinaries, metricsServerBinary } from '../cluster/binaries.ts';
import { CLUSTER_TOOLS, ensureTools, IMAGE_TOOLS, whyNoCluster } from '../cluster/host.ts';
import { LOCAL } from '../cluster/layout.ts';
import { stopCluster } from '../cluster/stop.ts';
import { mongoKind } from '../local/mongo.ts';
import { ensureMongoStandIn } from '../local/mongo-stand-in.ts';
import { natsBinary } from '../local/nats-binary.ts';
import { checkPrerequisites, spinePrerequisites } from '../local/prerequisites.ts';
import { longStep } from '../local/run.ts';

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
  const wants = (ring: string) => rings.includes(ring);
  const onCluster = wants('e2e') || wants('interop');
  if (!wants('integration') && !onCluster) return { before: async () => undefined, after: async () => undefined };
  const problems = await checkPrerequisites(await spinePrerequisites());
  const noCluster = onCluster ? whyNoCluster(process.platform, process.getuid?.()) : null;
  if (noCluster !== null && !process.env['CHATCLUSTER_KUBECONFIG']) problems.push(noCluster);
  if (problems.length > 0) throw new Error(`cannot run the tests:\n${problems.join('\n')}`);

  const spine = (async () => {
    await natsBinary();
    if ((await mongoKind()) === 'stand-in') await ensureMongoStandIn();
    await longStep('building the page', process.execPath, ['web/build.ts']);
  })();
  const cluster = spine.then(async () => {
    if (onCluster) await ensureTools([...CLUSTER_TOOLS, ...IMAGE_TOOLS, ...BROWSER]);
    await clusterBinaries(); // the integration tests run its API server
  });
  const addOns = cluster.then(async () => {
    if (wants('e2e')) await metricsServerBinary();
  });
  addOns.catch(() => undefined); // reported by the stage that waits for it

  return {
    async before(ring) {
      if (ring === 'integration') await spine;
      if (ring === 'integration' || ring === 'interop') await cluster;
      if (ring === 'e2e') await addOns;
    },
    async after() {
      if (onCluster && noCluster === null) await stopCluster(LOCAL);
    },
  };
}
