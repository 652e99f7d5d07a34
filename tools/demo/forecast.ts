import { backendParts } from '../cluster/backend-images.ts';
import { CLUSTER, isBuilt } from '../cluster/binaries.ts';
import { chatImageIsBuilt } from '../cluster/chat-image.ts';
import type { Part } from '../local/build-once.ts';

/** Minutes from programs and images to the page: the cluster starts, the operator makes the chat. */
const START_MINUTES = 1;

/** Parts of the demo on the local cluster that are built beside each other; those of one lane one after the other. */
export type Lanes = readonly (readonly Part[])[];

/** Lanes of the demo on the local cluster: the programs, and the images. */
export async function localLanes(): Promise<Lanes> {
  const programs = { what: 'Kubernetes, CoreDNS, helm (Go)', minutes: CLUSTER.minutes, kept: isBuilt(CLUSTER) };
  const image = { what: 'image of ChatCluster (npm)', minutes: 3, kept: await chatImageIsBuilt() };
  return [[programs], [image, ...(await backendParts())]];
}

/** Table of what is to be built, and how long that takes. Pure. */
export function forecast(lanes: Lanes): string {
  const parts = lanes.flat();
  const width = Math.max(...parts.map(({ what }) => what.length));
  const lines = parts.map(
    ({ what, minutes, kept }) =>
      `  ${what.padEnd(width)}  ${kept ? 'kept from an earlier run' : `about ${minutes} min`}`,
  );
  const longest = Math.max(
    ...lanes.map(lane => lane.reduce((sum, { minutes, kept }) => sum + (kept ? 0 : minutes), 0)),
  );
  const all =
    longest === 0
      ? `nothing is to be built: the page is up in about ${START_MINUTES} min`
      : `about ${longest + START_MINUTES} min in all, on two cores that are otherwise idle; later runs take about ${START_MINUTES} min`;
  return [...lines, `  ${all}`].join('\n');
}
