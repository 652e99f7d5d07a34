/** Ephemeral messages between the gateways. What gets lost is said or asked again. */
export interface PresenceBus {
  beat(text: string): void;
  onBeat(heard: (text: string) => void): void;
  /** Asks one gateway; `answer` is called for each message of the answer until `stop` is, with null if it is away. */
  ask(gateway: string, question: string, answer: (text: string | null) => void): Asked;
  /** @param reply makes the messages of an answer, each of at most `maxBytes` */
  onAsk(gateway: string, reply: (question: string, maxBytes: number) => readonly string[]): void;
  /** Asks all gateways of the previous release for a room. */
  askPrevious(room: string, answer: (text: string) => void): Asked;
  /** Answers what gateways of the previous release ask. */
  onAskPrevious(reply: (room: string) => string): void;
  /** Calls back when the connection is up again: what was said meanwhile is lost. */
  onReconnect(resumed: () => void): void;
}

/** Announcements between the gateways, of one room. Ephemeral: without offset, and without order against messages. */
export interface JoinsBus {
  announce(room: string, event: string): void;
  hear(room: string, heard: (event: string) => void): Asked;
}

export interface Asked {
  stop(): void;
}
