/**
 * Room in a LOG stream. `WindowShortened`: stored messages leave it before the hot window has passed. `NearlyFull`: what
 * MongoDB does not have yet fills most of it, and when it is full, publishes are refused.
 */
export type LogSpace = 'Enough' | 'WindowShortened' | 'NearlyFull';

/** Health of the two backends as a worker sees it: body of `GET /backends` on a worker's admin port. */
export interface BackendHealth {
  readonly nats: { readonly reachable: boolean; readonly reason: string };
  readonly store: { readonly reachable: boolean; readonly reason: string };
  /** Messages in the LOG streams that MongoDB does not have yet. */
  readonly storeLag: number;
  /** Room in the LOG streams: that of the fullest, with its name; missing from a worker of an earlier release. */
  readonly log?: {
    readonly room: LogSpace;
    /** Empty when there is enough. */
    readonly reason: string;
  };
  /**
   * Servers of NATS that keep each message, by the stream that the fewest keep. Missing from a worker of an earlier release, and
   * until one has seen all streams.
   */
  readonly copies?: {
    readonly fewest: number;
    /**
     * Why there are no more, for people; empty where the option on the copies says how many there are to be. Missing while the
     * worker has not asked NATS for more, which it does a minute after its start.
     */
    readonly whyNotMore?: string;
  };
  /** Live options that keep their value, each with its variable and why, without the values of Secrets. Missing when there is none. */
  readonly refused?: readonly string[];
}

/** Most lines of {@link BackendHealth.refused}: one shows what is wrong. */
export const MOST_REFUSED = 4;
