import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ProgramImage, writeProgramArchive } from './archive.ts';
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
