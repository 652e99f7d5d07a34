import type { JoinEvent, JoinsBus } from '../../server/presence/joins.ts';
import type { PresenceBus } from '../../server/presence/presence.ts';

/** Core NATS between gateways of one process: a turn later, in order. */
export class PresenceNet {
  readonly #beats: ((gateway: string, leaving: boolean) => void)[] = [];
  readonly #asks: { readonly bus: PresenceBus; readonly reply: (question: string) => string }[] = [];
  readonly #ears = new Set<{
    readonly bus: PresenceBus;
    readonly room: string;
    readonly heard: (event: JoinEvent) => void;
  }>();
  /** Gateways that hear nothing and say nothing. */
  readonly silent = new Set<PresenceBus>();
  /** Questions so far. */
  questions = 0;

  bus(): PresenceBus & JoinsBus {
    const bus: PresenceBus & JoinsBus = {
      beat: (gateway, leaving) => {
        if (this.silent.has(bus)) return;
        queueMicrotask(() => {
          for (const heard of this.#beats) heard(gateway, leaving);
        });
      },
      onBeat: heard => void this.#beats.push((...beat) => this.silent.has(bus) || heard(...beat)),
      ask: (question, answer) => {
        this.questions += 1;
        let listening = true;
        queueMicrotask(() => {
          for (const { bus: other, reply } of this.#asks)
            if (!this.silent.has(other)) {
              const said = reply(question);
              if (listening) answer(said);
            }
        });
        return {
          stop: () => {
            listening = false;
          },
        };
      },
      announce: (room, event) => {
        if (this.silent.has(bus)) return;
        queueMicrotask(() => {
          for (const ear of this.#ears) if (ear.room === room && !this.silent.has(ear.bus)) ear.heard(event);
        });
      },
      hear: (room, heard) => {
        const ear = { bus, room, heard };
        this.#ears.add(ear);
        return { stop: () => void this.#ears.delete(ear) };
      },
      onAsk: reply => void this.#asks.push({ bus, reply }),
    };
    return bus;
  }
}
