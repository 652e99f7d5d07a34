import type { KubeObject } from '../api/kube-object.ts';
import { ApiError } from '../kube/api-error.ts';
import { someOf } from '../some-of.ts';
import type { Notice } from './notices.ts';
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

/** From the worst on: what no patience mends comes first. */
const RANK: readonly WriteFailure['reason'][] = ['NameTaken', 'Refused', 'WriteFailing'];
/** Objects whose sentences a condition holds: more would be read by nobody. */
const SHOWN = 4;
/** Of a sentence of the API server: a policy may quote half an object. */
const MESSAGE_CHARACTERS = 400;

/** What is wrong with the object `id`. */
export function failedWrite(id: string, error: unknown): FailedWrite {
  const [kind = ''] = id.split(' ');
  if (error instanceof NameTaken) return { id, kind, reason: 'NameTaken', message: error.message };
  const said = error instanceof Error ? error.message : 'unknown error';
  const text = said.length > MESSAGE_CHARACTERS ? `${said.slice(0, MESSAGE_CHARACTERS)}...` : said;
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

/** Pods are many and alike: of those that fail for one reason one speaks for all. */
function grouped(failures: readonly FailedWrite[]): FailedWrite[] {
  const pods = new Map<string, FailedWrite[]>();
  for (const each of failures) if (each.kind === 'Pod') pods.set(each.reason, [...(pods.get(each.reason) ?? []), each]);
  const spokesmen = [...pods.values()].map(all => {
    const [first] = all as [FailedWrite];
    return all.length === 1 ? first : { ...first, message: `${someOf(all.map(({ id }) => id))}: ${first.message}` };
  });
  return [...failures.filter(({ kind }) => kind !== 'Pod'), ...spokesmen];
}

/** All of it in one, for the condition. @param waiting ids of what is not written because of it */
export function writeFailure(
  failures: readonly FailedWrite[],
  waiting: readonly string[] = [],
): WriteFailure | undefined {
  const all = grouped(failures).sort((a, b) => RANK.indexOf(a.reason) - RANK.indexOf(b.reason));
  const [worst] = all;
  if (!worst) return undefined;
  const more = all.length - SHOWN;
  const parts = [
    ...all.slice(0, SHOWN).map(({ message }) => message),
    ...(more > 0 ? [`and ${more} more: ${someOf(all.slice(SHOWN).map(({ id }) => id))}`] : []),
    ...(waiting.length > 0 ? [`${someOf(waiting)} waits for it`] : []),
  ];
  return { reason: worst.reason, message: parts.join('; ') };
}

/** One for each object. @param failures that were not told before */
export function noticesOfFailures(failures: readonly FailedWrite[]): Notice[] {
  return grouped(failures).map(({ reason, message }) => ({ type: 'Warning', reason, action: 'Write', note: message }));
}
