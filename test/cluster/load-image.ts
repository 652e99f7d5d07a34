import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { longStep } from '../local/run.ts';
import { type ProgramImage, writeProgramArchive } from './archive.ts';
import { imageId } from './build-image.ts';
import { ctr } from './components.ts';
import { INSIDE, type Layout } from './layout.ts';
import { execInside } from './namespaces.ts';

/** Makes an image of one program and gives it to the node. */
export async function loadProgram(layout: Layout, image: ProgramImage): Promise<void> {
  await loadArchive(layout, archive => writeProgramArchive(image, archive));
}

/** Gives the node the images of a docker-archive, replacing those of the same name. @param write writes it to a path */
export async function loadArchive(layout: Layout, write: (file: string) => void | Promise<void>): Promise<void> {
  const name = `image-${process.pid}-${performance.now()}.tar`;
  const onHost = join(layout.dir, name);
  try {
    await write(onHost);
    await execInside(layout, [...ctr, 'images', 'import', '--no-unpack', `${INSIDE.state}/${name}`]);
  } finally {
    rmSync(onHost, { force: true });
  }
}

/** Gives the node an image of buildah's, unless it has that very image. */
export async function loadBuilt(layout: Layout, name: string): Promise<void> {
  const id = await imageId(name);
  const label = `chatcluster.dev/built=${id}`;
  const { stdout } = await execInside(layout, [
    ...ctr,
    'images',
    'list',
    '--quiet',
    `name==${name},labels."chatcluster.dev/built"==${id}`,
  ]);
  if (stdout.includes(name)) return;
  await loadArchive(layout, archive =>
    longStep(`loading ${name} into the cluster`, 'buildah', [
      'push',
      '--quiet',
      name,
      `docker-archive:${archive}:${name}`,
    ]),
  );
  await execInside(layout, [...ctr, 'images', 'label', name, label]);
}
