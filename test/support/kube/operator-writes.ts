import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Access } from '../../../tools/cluster/access.ts';
import { RELEASE } from '../../../tools/cluster/release.ts';
import { NAMESPACE } from './kube-chat.ts';

/** A write of the operator that the API server answered, as its audit log has it. */
export interface OperatorWrite {
  readonly verb: string;
  /** Such as `pods` or `chatclusters/status`. */
  readonly resource: string;
  readonly name: string;
  /** HTTP status. */
  readonly code: number;
}

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly name?: string;
    readonly namespace?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

const OPERATOR = `system:serviceaccount:${RELEASE.namespace}:${RELEASE.name}`;
const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/**
 * Starts to count what the operator writes for one ChatCluster, Events left out.
 * @returns reads what was written since; null where the audit log is out of reach
 */
export function operatorWrites(access: Access, chat: string): () => OperatorWrite[] | null {
  const log = access.local?.auditLog;
  if (log === undefined) return () => null;
  const start = statSync(log).size;
  return () =>
    readFrom(log, start)
      .split('\n')
      .filter(line => line.includes(OPERATOR))
      .map(line => JSON.parse(line) as AuditEvent)
      .filter(({ user, verb, objectRef }) => {
        if (user.username !== OPERATOR || !WRITES.has(verb) || objectRef?.resource === 'events') return false;
        const { namespace, name } = objectRef ?? {};
        return namespace === NAMESPACE && (name === chat || name?.startsWith(`${chat}-`) === true);
      })
      .map(({ verb, objectRef, responseStatus }) => ({
        verb,
        resource: [objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/'),
        name: objectRef?.name ?? '',
        code: responseStatus?.code ?? 0,
      }));
}

function readFrom(file: string, start: number): string {
  const length = statSync(file).size - start;
  // Rotated meanwhile: what was written before is in another file.
  if (length < 0) throw new Error(`${file} was rotated`);
  const bytes = Buffer.alloc(length);
  const opened = openSync(file, 'r');
  try {
    const read = readSync(opened, bytes, 0, length, start);
    // The last line may not be whole yet.
    const text = bytes.subarray(0, read).toString('utf8');
    return text.slice(0, text.lastIndexOf('\n') + 1);
  } finally {
    closeSync(opened);
  }
}
