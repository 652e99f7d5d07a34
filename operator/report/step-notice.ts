import { childName } from '../desired/names.ts';
import type { Notice } from './notices.ts';

/** True if a write that changes the number of gateways is among `open`, the ids of objects that are not written. */
export function isStepOpen(open: ReadonlySet<string>, cluster: string): boolean {
  const gateways = `Deployment ${childName.gateways(cluster, '')}`;
  return [...open].some(id => id.startsWith('Pod ') || id.startsWith(gateways));
}

/** Holds back the notice of a step until the step is written. It is kept in memory alone: a restart loses the Event. */
export class StepNotice {
  #pending: { readonly from: number; readonly notices: readonly Notice[] } | undefined;

  /** @param notices of a new step, none without one @returns notices to record now */
  take(notices: readonly Notice[], from: number, to: number, isWritten: boolean): readonly Notice[] {
    if (notices.length > 0) this.#pending = { from: this.#pending?.from ?? from, notices };
    // The step was reversed before anything was written.
    if (this.#pending?.from === to) this.#pending = undefined;
    if (!isWritten || !this.#pending) return [];
    const due = this.#pending.notices;
    this.#pending = undefined;
    return due;
  }
}
