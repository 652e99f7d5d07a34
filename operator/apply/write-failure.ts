import type { KubeObject } from '../api/kube-object.ts';
import { ApiError } from '../kube/api-error.ts';
import { objectId } from './plan.ts';

/** An object of the same name belongs to another owner. */
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

/** Summary of the writes that fail. */
export interface WriteFailure {
  /** `WriteFailing`: no answer, or an error that may pass, for longer than 10 s. */
  readonly reason: 'NameTaken' | 'Refused' | 'WriteFailing';
  /** Names of a few objects, each with the sentence of the API server. */
  readonly message: string;
}

/** Failure to write one object. */
export interface FailedWrite {
  /** Kind and name, as {@link objectId}. */
  readonly id: string;
  readonly kind: string;
  readonly reason: WriteFailure['reason'];
  readonly message: string;
}

/** Longest quote of the API server, in characters: a policy may quote half an object. */
const MESSAGE_CHARACTERS = 400;

/** Failure of a write to the object `id`. */
export function failedWrite(id: string, error: unknown): FailedWrite {
  const [kind = ''] = id.split(' ');
  if (error instanceof NameTaken) return { id, kind, reason: 'NameTaken', message: error.message };
  const full = error instanceof Error ? error.message : 'unknown error';
  const text = full.length > MESSAGE_CHARACTERS ? `${full.slice(0, MESSAGE_CHARACTERS)}...` : full;
  const reason = error instanceof ApiError && error.terminal ? 'Refused' : 'WriteFailing';
  return { id, kind, reason, message: `${id}: ${text}` };
}

/** True if the failure concerns all writes: the API server is not reachable, or takes no requests now. */
export function stopsAll(error: unknown): boolean {
  if (error instanceof NameTaken) return false;
  if (error instanceof ApiError) return error.code === 401 || error.code === 429;
  // A write that timed out may be held up by a webhook of its kind alone.
  return !(error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError'));
}
