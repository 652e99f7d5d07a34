import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SETTINGS_FILES } from '../../../server/contract/settings-files.ts';
import { TRAFFIC_ANNOTATION, type TrafficIntent } from '../../../server/contract/traffic.ts';
import type { Teardown } from '../../../tools/support/backends.ts';

/** A projected volume as the kubelet keeps it: `..data` points at a folder that is replaced as a whole. */
export interface SettingsFiles {
  readonly path: string;
  /** Replaces all files at once. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Replaces the pod's annotations, and keeps all other files. */
  annotate(annotations: Readonly<Record<string, string>>): Promise<void>;
  /** Lets `..data` point at another folder of {@link path}. */
  point(folder: string): Promise<void>;
  /** Sets the traffic annotation, or takes it away. */
  want(intent: Partial<TrafficIntent> | null): Promise<void>;
}

/** An annotation value as Go's strconv.Quote writes it, for values of printable characters. */
const quote = (value: string) => JSON.stringify(value);

export async function settingsFiles(t: Teardown, files: Readonly<Record<string, string>> = {}): Promise<SettingsFiles> {
  const path = await mkdtemp(join(tmpdir(), 'settings-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  let generation = 0;
  let current: Readonly<Record<string, string>> = {};
  const volume: SettingsFiles = {
    path,
    async write(next) {
      const before = `..generation-${generation++}`;
      const folder = `..generation-${generation}`;
      await mkdir(join(path, folder));
      for (const [name, text] of Object.entries(next)) await writeFile(join(path, folder, name), text);
      await volume.point(folder);
      for (const name of Object.keys(next).filter(each => !(each in current)))
        await symlink(join('..data', name), join(path, name));
      for (const name of Object.keys(current).filter(each => !(each in next))) await rm(join(path, name));
      await rm(join(path, before), { recursive: true, force: true });
      current = next;
    },
    async point(folder) {
      await symlink(folder, join(path, '..data_tmp'));
      await rename(join(path, '..data_tmp'), join(path, '..data'));
    },
    async annotate(annotations) {
      const lines = Object.entries(annotations).map(([key, value]) => `${key}=${quote(value)}`);
      await volume.write({ ...current, [SETTINGS_FILES.annotations]: lines.join('\n') });
    },
    async want(intent) {
      const others = { 'kubernetes.io/config.source': 'api' };
      const traffic = { [TRAFFIC_ANNOTATION]: JSON.stringify({ since: '2026-01-01T00:00:00Z', ...intent }) };
      await volume.annotate(intent ? { ...others, ...traffic } : others);
    },
  };
  await volume.write(files);
  return volume;
}
