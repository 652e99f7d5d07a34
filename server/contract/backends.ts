/**
 * Free space in a LOG stream. `WindowShortened`: stored messages are removed before the hot window has passed. `NearlyFull`:
 * messages that MongoDB does not have yet, or that are inside the deduplication window, fill most of it; when it is full, publishes are
 * refused.
 */
export type LogSpace = 'Enough' | 'WindowShortened' | 'NearlyFull';

/** Health of NATS and MongoDB as one worker sees it: body of `GET /backends` on a worker's admin port. */
export interface BackendHealth {
  readonly nats: { readonly reachable: boolean; readonly reason: string };
  readonly store: { readonly reachable: boolean; readonly reason: string };
  /** Messages in the LOG streams that MongoDB does not have yet. */
  readonly storeLag: number;
  /** Space in the LOG streams: that of the fullest, whose name the reason gives. Missing from workers of earlier releases. */
  readonly log?: {
    readonly room: LogSpace;
    /** Empty with `Enough`. */
    readonly reason: string;
  };
  /**
   * NATS servers that keep each message: the number of the stream with the fewest replicas. Missing from workers of earlier
   * releases, and until the worker has looked at all streams.
   */
  readonly copies?: {
    readonly fewest: number;
    /**
     * Reason why there are not more, a sentence; empty where `streamReplicas` sets the number. Missing until the worker has asked
     * NATS for more, one minute after its start.
     */
    readonly whyNotMore?: string;
  };
  /** Folds of the LOG streams into views. Missing from workers of earlier releases, and until the worker has measured them. */
  readonly folds?: {
    /** Entries that the fold furthest behind has not folded yet, over all partitions. */
    readonly lag: number;
    /** Sentence about folds that are late: LOG keeps what they have not read. Empty if none is. */
    readonly reason: string;
  };
  /** Problems of refused new values of options, a sentence each, without values of Secrets. Missing without problems. */
  readonly refused?: readonly string[];
}

/** Most entries of {@link BackendHealth.refused}: enough to see what is wrong. */
export const MOST_REFUSED = 4;
