import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildOnce, CACHE } from '../local/build-once.ts';
import { ensureMongoStandIn, standInCommand } from '../local/mongo-stand-in.ts';
import { NATS_VERSION, natsBinary } from '../local/nats-binary.ts';
import { longStep } from '../local/run.ts';
import { debianBase } from './base-images.ts';
import { buildImage, hasImage } from './build-image.ts';
import { ensureTools, IMAGE_TOOLS } from './host.ts';
import type { Layout } from './layout.ts';
import { loadBuilt, loadProgram } from './load-image.ts';
import { stdoutOf } from './stdout.ts';

export const NATS_IMAGE = `localhost/nats:${NATS_VERSION}`;
export const MONGO_STAND_IN_IMAGE = 'localhost/mongo-stand-in:1';

/** What the stand-in and its H2 database use of Java. */
const JAVA_MODULES = ['java.base', 'java.logging', 'java.management', 'java.naming', 'java.sql', 'jdk.unsupported'];

/** Gives the node the images of the demo's backends, made from what the local tests run too. */
export async function loadBackendImages(layout: Layout): Promise<void> {
  const nats = await natsBinary();
  const program = nats.includes('/') ? nats : await stdoutOf('sh', ['-c', `command -v ${nats}`]);
  if (!program) throw new Error(`${nats} has gone from PATH`);
  await loadProgram(layout, { name: NATS_IMAGE, program, entrypoint: ['/nats-server'] });
  await buildMongoStandIn();
  await loadBuilt(layout, MONGO_STAND_IN_IMAGE);
}

/** Unless it is there. */
async function buildMongoStandIn(): Promise<void> {
  await ensureTools(IMAGE_TOOLS);
  const base = await debianBase();
  const standIn = await ensureMongoStandIn();
  const java = await javaRuntime();
  const [program, ...args] = standInCommand('/stand-in', '/data/stand-in.mv', '0.0.0.0', 27017);
  const dockerfile = `FROM ${base}
COPY java /usr/local/java
COPY stand-in /stand-in
USER 65532:65532
VOLUME /data
ENTRYPOINT ${JSON.stringify([`/usr/local/java/bin/${program}`, ...args])}
`;
  const hash = createHash('sha256').update(dockerfile);
  for (const file of [join(java, 'release'), join(standIn, 'pom.xml'), join(standIn, 'Mongo.java')])
    hash.update(readFileSync(file));
  const named = `${MONGO_STAND_IN_IMAGE}-${hash.digest('hex').slice(0, 12)}`;
  if (!(await hasImage(named))) await build(named, { java, standIn, dockerfile });
  await stdoutOf('buildah', ['tag', named, MONGO_STAND_IN_IMAGE]);
}

interface StandInImage {
  /** Directories on the host. */
  readonly java: string;
  readonly standIn: string;
  readonly dockerfile: string;
}

async function build(named: string, { java, standIn, dockerfile }: StandInImage): Promise<void> {
  const context = mkdtempSync(join(CACHE, 'context-'));
  try {
    cpSync(java, join(context, 'java'), { recursive: true, preserveTimestamps: true });
    cpSync(standIn, join(context, 'stand-in'), { recursive: true, preserveTimestamps: true });
    await buildImage(named, context, dockerfile);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** A Java runtime of the few modules needed, cut out of the JDK that compiled the stand-in. */
async function javaRuntime(): Promise<string> {
  const dir = join(CACHE, 'java-runtime');
  const making = `${dir}.making`;
  await buildOnce(
    'java-runtime',
    () => existsSync(dir),
    async () => {
      rmSync(making, { recursive: true, force: true });
      const slim = ['--no-header-files', '--no-man-pages', '--compress=2'];
      await longStep('making a small Java runtime', 'jlink', [
        '--add-modules',
        JAVA_MODULES.join(','),
        ...slim,
        '--output',
        making,
      ]);
      renameSync(making, dir);
    },
  );
  return dir;
}
