import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, CACHE } from './build-once.ts';
import { longStep } from './run.ts';

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), 'mongo-stand-in');
const FILES = ['pom.xml', 'Mongo.java'] as const;
const DIR = join(CACHE, 'mongo-stand-in');

/** True if {@link ensureMongoStandIn} has nothing to build: what is there was made from the sources as they are now. */
export function standInIsBuilt(): boolean {
  return FILES.every(
    file => existsSync(join(DIR, file)) && readFileSync(join(DIR, file)).equals(readFileSync(join(SOURCE, file))),
  );
}

/**
 * The embedded stand-in for MongoDB, made once through Maven: a directory with `Mongo.class` and `jars/`, complete in
 * itself, so that it can be copied into an image. Run it with {@link standInCommand}; it needs a Java runtime of 17 or
 * later, building it a JDK and Maven.
 */
export async function ensureMongoStandIn(): Promise<string> {
  await buildOnce('mongo-stand-in', standInIsBuilt, async () => {
    const building = `${DIR}.building`;
    rmSync(building, { recursive: true, force: true });
    mkdirSync(building, { recursive: true });
    for (const file of FILES) cpSync(join(SOURCE, file), join(building, file));
    await longStep(
      'fetching the MongoDB stand-in from Maven Central',
      'mvn',
      ['-q', '-B', '-f', 'pom.xml', 'dependency:copy-dependencies', '-DoutputDirectory=jars', '-DincludeScope=runtime'],
      { cwd: building, note: 'once, up to a minute' },
    );
    await longStep(
      'compiling the MongoDB stand-in',
      'javac',
      ['--release', '17', '-cp', 'jars/*', '-d', '.', 'Mongo.java'],
      { cwd: building },
    );
    rmSync(DIR, { recursive: true, force: true });
    renameSync(building, DIR);
  });
  return DIR;
}

/** Command line of the stand-in in `dir`. @param address 127.0.0.1, or 0.0.0.0 in a pod */
export function standInCommand(dir: string, dataFile: string, address: string, port: number): string[] {
  return [
    'java',
    '-Xmx384m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-cp',
    `${dir}:${dir}/jars/*`,
    'Mongo',
    dataFile,
    address,
    String(port),
  ];
}
