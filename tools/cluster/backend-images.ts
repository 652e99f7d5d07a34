import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildOnce, CACHE, type Part } from '../local/build-once.ts';
import { ensureMongoStandIn, standInCommand, standInIsBuilt } from '../local/mongo-stand-in.ts';
import { NATS_VERSION, natsBinary, natsIsThere } from '../local/nats-binary.ts';
import { longStep } from '../local/run.ts';
import { debianBase, hasDebianBase } from './base-images.ts';
import { buildImage, hasImage } from './build-image.ts';
import { ensureTools, IMAGE_TOOLS } from './host.ts';
import type { Layout } from './layout.ts';
import { loadBuilt, loadProgram } from './load-image.ts';
import { stdoutOf } from './stdout.ts';

export const NATS_IMAGE = `localhost/nats:${NATS_VERSION}`;
export const MONGO_STAND_IN_IMAGE = 'localhost/mongo-stand-in:1';

const JAVA_RUNTIME = join(CACHE, 'java-runtime');

/** Modules of Java that the stand-in and its H2 database use. */
const JAVA_MODULES = ['java.base', 'java.logging', 'java.management', 'java.naming', 'java.sql', 'jdk.unsupported'];

/** Parts that {@link loadBackendImages} builds once. */
export async function backendParts(): Promise<readonly Part[]> {
  return [
    { what: 'Debian base of the images (debootstrap)', minutes: 2, kept: await hasDebianBase() },
    { what: 'nats-server (Go module)', minutes: 1, kept: await natsIsThere() },
    { what: 'stand-in for MongoDB (Maven, jlink)', minutes: 1, kept: standInIsBuilt() && existsSync(JAVA_RUNTIME) },
  ];
}

/** Builds the images of the demo's backends, or what they are made of, from the programs that the local tests run, too. */
export async function buildBackendImages(): Promise<void> {
  await buildMongoStandIn();
  await natsBinary();
}

/** Gives the nodes the images of the demo's backends; builds what is missing. */
export async function loadBackendImages(layout: Layout): Promise<void> {
  const nats = await natsBinary();
  const program = nats.includes('/') ? nats : await stdoutOf('sh', ['-c', `command -v ${nats}`]);
  if (!program) throw new Error(`${nats} has gone from PATH`);
  await loadProgram(layout, { name: NATS_IMAGE, program, entrypoint: ['/nats-server'] });
  await buildMongoStandIn();
  await loadBuilt(layout, MONGO_STAND_IN_IMAGE);
}

/** Builds the image of the stand-in, unless it is there. */
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
  const making = `${JAVA_RUNTIME}.making`;
  await buildOnce(
    'java-runtime',
    () => existsSync(JAVA_RUNTIME),
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
      renameSync(making, JAVA_RUNTIME);
    },
  );
  return JAVA_RUNTIME;
}
