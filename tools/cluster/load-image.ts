import { linkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { longStep } from '../local/run.ts';
import { type ProgramImage, writeProgramArchive } from './archive.ts';
import { imageId } from './build-image.ts';
import { ctr } from './components.ts';
import { INSIDE, type Layout, type NodeLayout } from './layout.ts';
import { execInside, runningNodes } from './namespaces.ts';

/** Label on an image of a node: an id of what it was made from. */
const BUILT = 'chatcluster.dev/built';

/** Makes an image of one program and gives it to the nodes, except those that have it from that very file. */
export async function loadProgram(layout: Layout, image: ProgramImage): Promise<void> {
  const { size, mtimeMs } = statSync(image.program);
  await loadMissing(layout, image.name, `${size}-${Math.trunc(mtimeMs)}`, archive =>
    writeProgramArchive(image, archive),
  );
}

/** Gives the nodes an image of buildah's, except those that have that very image. */
export async function loadBuilt(layout: Layout, name: string): Promise<void> {
  await loadMissing(layout, name, await imageId(name), archive =>
    longStep(`loading ${name} into the cluster`, 'buildah', [
      'push',
      '--quiet',
      name,
      `docker-archive:${archive}:${name}`,
    ]),
  );
}

/** @param id of what the image is made from @param write writes it to a path; a promise is awaited */
async function loadMissing(
  layout: Layout,
  name: string,
  id: string,
  write: (archive: string) => unknown,
): Promise<void> {
  const nodes = runningNodes(layout);
  if (nodes.length === 0) throw new Error('no node runs that could be given an image: npm run cluster:up');
  const wanting: NodeLayout[] = [];
  for (const node of nodes) {
    const { stdout } = await execInside(node, [...images, 'list', '--quiet', `name==${name},labels."${BUILT}"==${id}`]);
    if (!stdout.includes(name)) wanting.push(node);
  }
  if (wanting.length === 0) return;
  await loadArchive(wanting, write);
  for (const node of wanting) await execInside(node, [...images, 'label', name, `${BUILT}=${id}`]);
}

/** Gives a node the images that another one was given. */
export async function copyImages(from: NodeLayout, to: NodeLayout): Promise<void> {
  const { stdout } = await execInside(from, [...images, 'list']);
  // After the heading; the others are the node's own names for the same images.
  const given = stdout.split('\n').filter((line, at) => at > 0 && line !== '' && !line.startsWith('sha256:'));
  const names = given.map(line => line.split(' ')[0] ?? '');
  const file = archiveName();
  try {
    await execInside(from, [...images, 'export', `${INSIDE.state}/${file}`, ...names]);
    linkSync(join(from.dir, file), join(to.dir, file));
    await importInto(to, file);
  } finally {
    for (const node of [from, to]) rmSync(join(node.dir, file), { force: true });
  }
  for (const [at, name] of names.entries()) {
    const label = given[at]?.split(/[\s,]/).find(each => each.startsWith(`${BUILT}=`));
    if (label !== undefined) await execInside(to, [...images, 'label', name, label]);
  }
}

const images = [...ctr, 'images'] as const;

/** Gives nodes the images of a docker-archive, replacing those of the same name. @param write writes it to a path; a promise is awaited */
async function loadArchive(nodes: readonly NodeLayout[], write: (file: string) => unknown): Promise<void> {
  const [first, ...others] = nodes;
  if (first === undefined) return;
  const file = archiveName();
  try {
    await write(join(first.dir, file));
    // Each node sees its own directory only.
    for (const node of others) linkSync(join(first.dir, file), join(node.dir, file));
    for (const node of nodes) await importInto(node, file);
  } finally {
    for (const node of nodes) rmSync(join(node.dir, file), { force: true });
  }
}

const archiveName = () => `image-${process.pid}-${performance.now()}.tar`;

async function importInto(node: NodeLayout, file: string): Promise<void> {
  await execInside(node, [...images, 'import', '--no-unpack', `${INSIDE.state}/${file}`]);
}
