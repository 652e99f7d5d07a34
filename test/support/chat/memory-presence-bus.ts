import type { JoinsBus, PresenceBus } from '../../../server/presence/bus.ts';

interface Ear {
  readonly room: string;
  readonly heard: (event: string) => void;
}

/** A gateway on the net. */
interface Node {
  readonly beats: ((text: string) => void)[];
  readonly asks: {
    readonly gateway: string;
    readonly reply: (question: string, maxBytes: number) => readonly string[];
  }[];
  readonly previous: ((room: string) => string)[];
  readonly resumed: (() => void)[];
  readonly ears: Set<Ear>;
}

/** Core NATS between gateways of one process: a turn later, in order. */
export class PresenceNet {
  readonly #nodes = new Map<PresenceBus, Node>();
  /** Gateways that hear nothing and say nothing, not even to themselves. */
  readonly silent = new Set<PresenceBus>();
  /** Gateways whose subscriptions NATS knows to be gone. */
  readonly away = new Set<PresenceBus>();
  /** Gateways of the previous release: they hear no question of this one. */
  readonly outdated = new Set<PresenceBus>();
  /** Questions so far, as `gateway question`. */
  readonly questions: string[] = [];
  /** Texts of all heartbeats so far. */
  readonly beats: string[] = [];
  /** Called with the bytes of each message of an answer. */
  answered: (bytes: number) => void = () => undefined;
  /** Most bytes of a message. */
  maxBytes = 256 * 1024;

  /** The gateway hears and is heard again. */
  reconnect(bus: PresenceBus): void {
    this.silent.delete(bus);
    for (const resumed of this.#nodes.get(bus)?.resumed ?? []) resumed();
  }

  /** Asks as a gateway of the previous release does: all that listen answer. */
  askAsPrevious(room: string, answer: (text: string) => void): void {
    queueMicrotask(() => {
      for (const { previous } of this.#nodes.values()) for (const reply of previous) answer(reply(room));
    });
  }

  bus(): PresenceBus & JoinsBus {
    const own: Node = { beats: [], asks: [], previous: [], resumed: [], ears: new Set() };
    /** Runs for every gateway that can hear this one. */
    const reach = (each: (node: Node, bus: PresenceBus) => void) => {
      if (this.silent.has(bus)) return;
      queueMicrotask(() => {
        for (const [other, node] of this.#nodes) if (!this.silent.has(other)) each(node, other);
      });
    };
    const listening = () => {
      let on = true;
      const stop = () => {
        on = false;
      };
      return { on: () => on, stop };
    };
    const bus: PresenceBus & JoinsBus = {
      beat: text => {
        this.beats.push(text);
        reach(node => {
          for (const heard of node.beats) heard(text);
        });
      },
      onBeat: heard => void own.beats.push(heard),
      ask: (gateway, question, answer) => {
        this.questions.push(`${gateway} ${question}`);
        const { on, stop } = listening();
        reach((node, other) => {
          for (const ask of node.asks) {
            if (ask.gateway !== gateway || this.outdated.has(other)) continue;
            if (this.away.has(other)) answer(null);
            else
              for (const text of ask.reply(question, this.maxBytes)) {
                this.answered(Buffer.byteLength(text));
                if (on()) answer(text);
              }
          }
        });
        return { stop };
      },
      onAsk: (gateway, reply) => void own.asks.push({ gateway, reply }),
      askPrevious: (room, answer) => {
        this.questions.push(`previous ${room}`);
        const { on, stop } = listening();
        reach((node, other) => {
          if (!this.outdated.has(other)) return;
          for (const reply of node.previous) if (on()) answer(reply(room));
        });
        return { stop };
      },
      onAskPrevious: reply => void own.previous.push(reply),
      onReconnect: resumed => void own.resumed.push(resumed),
      announce: (room, event) => {
        reach(node => {
          for (const ear of node.ears) if (ear.room === room) ear.heard(event);
        });
      },
      hear: (room, heard) => {
        const ear = { room, heard };
        own.ears.add(ear);
        return { stop: () => void own.ears.delete(ear) };
      },
    };
    this.#nodes.set(bus, own);
    return bus;
  }
}
