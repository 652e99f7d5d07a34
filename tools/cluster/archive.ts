import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';

/** An image of one static program. */
export interface ProgramImage {
  readonly name: string;
  /** The program on the host; in the image it is `/<base name>`. */
  readonly program: string;
  readonly entrypoint: readonly string[];
}

/** Writes an image as a docker-archive, which `ctr images import` and every other tool reads. No builder is needed. */
export function writeProgramArchive(image: ProgramImage, file: string): void {
  const work = mkdtempSync(join(tmpdir(), 'chatcluster-image-'));
  try {
    mkdirSync(join(work, 'root'));
    copyFileSync(image.program, join(work, 'root', image.entrypoint[0] ?? ''));
    const tar = (...args: string[]) => execFileSync('tar', ['--numeric-owner', '--owner=0', '--group=0', ...args]);
    // One time for all files: the same program makes the same layer.
    tar('--mtime=@0', '--sort=name', '-C', join(work, 'root'), '-cf', join(work, 'layer.tar'), '.');
    const digest = createHash('sha256')
      .update(readFileSync(join(work, 'layer.tar')))
      .digest('hex');
    const config = {
      architecture: arch() === 'x64' ? 'amd64' : arch(),
      os: 'linux',
      config: { Entrypoint: image.entrypoint, User: '65532:65532' },
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    };
    const manifest = [{ Config: 'config.json', RepoTags: [image.name], Layers: ['layer.tar'] }];
    writeFileSync(join(work, 'config.json'), JSON.stringify(config));
    writeFileSync(join(work, 'manifest.json'), JSON.stringify(manifest));
    tar('-C', work, '-cf', file, 'manifest.json', 'config.json', 'layer.tar');
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
