import { readFileSync } from 'node:fs';

const PACKAGE = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

/** Version of the operator, such as `0.1.0`; it is the version of its package. */
export const OPERATOR_VERSION = PACKAGE.version;
