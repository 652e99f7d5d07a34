import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Compares `text` with a generated file. `npm run update` writes the file instead: review the difference. */
export function assertGenerated(file: string, text: string): void {
  if (process.env['UPDATE'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  assert.ok(existsSync(file), `${file} is missing: npm run update makes it`);
  assert.equal(readFileSync(file, 'utf8'), text, `${file} is not up to date: npm run update`);
}
