import { backoffMs } from '../server/time/backoff.ts';
import type { Clock } from '../server/time/clock.ts';
import { CallError, callErrorOf } from './call-error.ts';
import type { Outbox } from './outbox.ts';
import type { Acknowledgement, Outgoing } from './outgoing.ts';
import { RETRY } from './retry.ts';

export interface SenderOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** Random number from 0 up to, not including, 1. */
  readonly random: () => number;
  /** Sends one entry. @throws {CallError} */
  readonly send: (entry: Outgoing) => Promise<Acknowledgement>;
  /** Handles a final refusal. True if the entry got another id and has to be sent again. */
  readonly renewed: (entry: Outgoing, refusal: CallError) => boolean;
  readonly onAcknowledged: (entry: Outgoing, ack: Acknowledgement) => void;
  /** Called when the outbox of a room has changed. */
  readonly onChange: (room: string) => void;
}

interface Lane {
  sending: boolean;
  attempts: number;
  cancelRetry: (() => void) | null;
  /** True while a delete waits for its retry, so that other entries are sent. */
  passing: boolean;
}

const isNoDelete = (entry: Outgoing): boolean => !('change' in entry) || entry.change.type !== 'delete';

/**
 * Sends the outbox: rooms side by side, within a room one entry after the other. After a temporary error the entry is sent
 * again with the same id, after a delay that grows. A final error is recorded at the entry, and the next one is sent. A delete
 * that is refused for now, as during a rollout it may be for minutes, is passed by what is no delete.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #lanes = new Map<string, Lane>();
  #online = false;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Takes a change of the connection. Once online, every room sends at once. */
  setOnline(online: boolean): void {
    this.#online = online;
    for (const lane of this.#lanes.values()) {
      lane.cancelRetry?.();
      lane.cancelRetry = null;
      lane.attempts = 0;
      lane.passing = false;
    }
    if (online) for (const room of this.#options.outbox.rooms()) this.wake(room);
  }

  /** Sends what waits in a room, unless it is sending or waits for a retry. */
  wake(room: string): void {
    const lane = this.#lane(room);
    const waits = lane.cancelRetry !== null && !lane.passing;
    if (this.#online && !lane.sending && !waits) void this.#sendAll(room, lane);
  }

  async #sendAll(room: string, lane: Lane): Promise<void> {
    lane.sending = true;
    try {
      while (await this.#sendNext(room, lane));
    } catch (bug) {
      this.#retryLater(room, lane);
      throw bug;
    } finally {
      lane.sending = false;
    }
  }

  /** Sends the next entry of a room. @returns true if the one behind it may be sent at once */
  async #sendNext(room: string, lane: Lane): Promise<boolean> {
    const { outbox, send, renewed, onAcknowledged, onChange } = this.#options;
    const entry = this.#online ? outbox.next(room, lane.passing ? isNoDelete : undefined) : null;
    if (!entry) return false;
    const answer = await send(entry).catch(callErrorOf);
    if (answer instanceof CallError && answer.temporary) {
      lane.passing = !isNoDelete(entry);
      this.#retryLater(room, lane);
      return lane.passing;
    }
    if (!lane.passing) lane.attempts = 0;
    if (answer instanceof CallError) {
      if (!renewed(entry, answer)) outbox.settle(entry.id, { code: answer.code, reason: answer.message });
    } else {
      outbox.remove(entry.id);
      onAcknowledged(entry, answer);
    }
    onChange(room);
    return true;
  }

  #retryLater(room: string, lane: Lane): void {
    // Offline: once online it is sent without a delay.
    if (!this.#online) return;
    lane.attempts += 1;
    lane.cancelRetry?.();
    lane.cancelRetry = this.#options.clock.after(backoffMs(RETRY, lane.attempts, this.#options.random()), () => {
      lane.cancelRetry = null;
      lane.passing = false;
      this.wake(room);
    });
  }

  #lane(room: string): Lane {
    let lane = this.#lanes.get(room);
    if (!lane) {
      lane = { sending: false, attempts: 0, cancelRetry: null, passing: false };
      this.#lanes.set(room, lane);
    }
    return lane;
  }
}
