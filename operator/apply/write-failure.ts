import type { KubeObject } from '../api/kube-object.ts';
import { ApiError } from '../kube/api-error.ts';
import { objectId } from './plan.ts';

/** The object's name belongs to somebody else. */
export class NameTaken extends Error {
  /** @param id kind and name, as {@link objectId} */
  constructor(id: string) {
    super(`${id} exists and does not belong to this ChatCluster`);
    this.name = 'NameTaken';
  }

  static by(object: KubeObject): NameTaken {
    return new NameTaken(objectId(object));
  }
}

/** Why not everything can be written. */
export interface WriteFailure {
  /** `WriteFailing`: no answer, or one that may be another the next time, for longer than a moment. */
  readonly reason: 'NameTaken' | 'Refused' | 'WriteFailing';
  /** Names each object, up to a few, with the sentence of the API server. */
  readonly message: string;
}

/** One object that could not be written. */
export interface FailedWrite {
  /** Kind and name, as {@link objectId}. */
  readonly id: string;
  readonly kind: string;
  readonly reason: WriteFailure['reason'];
  readonly message: string;
}

/** Of a sentence of the API server: a policy may quote half an object. */
const MESSAGE_CHARACTERS = 400;

/** What is wrong with the object `id`. */
export function failedWrite(id: string, error: unknown): FailedWrite {
  const [kind = ''] = id.split(' ');
  if (error instanceof NameTaken) return { id, kind, reason: 'NameTaken', message: error.message };
  const full = error instanceof Error ? error.message : 'unknown error';
  const text = full.length > MESSAGE_CHARACTERS ? `${full.slice(0, MESSAGE_CHARACTERS)}...` : full;
  const reason = error instanceof ApiError && error.terminal ? 'Refused' : 'WriteFailing';
  return { id, kind, reason, message: `${id}: ${text}` };
}

/** True if the write failed for what concerns all of them: there is no way to the API server, or it takes none now. */
export function stopsAll(error: unknown): boolean {
  if (error instanceof NameTaken) return false;
  if (error instanceof ApiError) return error.code === 401 || error.code === 429;
  // A write that is given up may be held by a webhook of its kind.
  return !(error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError'));
}
