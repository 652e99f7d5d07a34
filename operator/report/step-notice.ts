import { childName } from '../desired/names.ts';
import type { Notice } from './notices.ts';

/** True if something that makes gateways more or fewer is among `open`, the ids of objects that could not be written. */
export function isStepOpen(open: ReadonlySet<string>, cluster: string): boolean {
  const gateways = `Deployment ${childName.gateways(cluster, '')}`;
  return [...open].some(id => id.startsWith('Pod ') || id.startsWith(gateways));
}

/** Tells of a step once it is written, however often that had to be tried. It may be lost, and with it the Event. */
export class StepNotice {
  #untold: { readonly from: number; readonly notices: readonly Notice[] } | undefined;

  /** @param notices of a new step, none without one @returns what is to be told now */
  take(notices: readonly Notice[], from: number, to: number, isWritten: boolean): readonly Notice[] {
    if (notices.length > 0) this.#untold = { from: this.#untold?.from ?? from, notices };
    // Taken back before anything was written.
    if (this.#untold?.from === to) this.#untold = undefined;
    if (!isWritten || !this.#untold) return [];
    const due = this.#untold.notices;
    this.#untold = undefined;
    return due;
  }
}
