/**
 * Messages between the gateways of one ChatCluster about presence. They are not stored: any of them may be lost, above all while
 * the connection is down, and the callers repeat them. Messages of one gateway to one subject come in order. A message larger than
 * NATS accepts counts as lost. No call waits or throws. Callbacks are called one at a time, never from within a call; one that
 * throws makes that message count as lost. Register each `on...` callback once, before the first call.
 */
export interface PresenceBus {
  /** Sends a heartbeat to all gateways, this one included. */
  beat(text: string): void;
  /** Calls `received` for each heartbeat, also for those of this gateway: they show that its messages get through. */
  onBeat(received: (text: string) => void): void;
  /**
   * Asks one gateway. `answer` is called for each message of its answer, in order, until {@link Asked.stop}; with null if no
   * gateway of that name is connected. The caller knows from the message which is the last, and sets the deadline.
   */
  ask(gateway: string, question: string, answer: (text: string | null) => void): Asked;
  /**
   * Answers the questions to a gateway.
   * @param reply makes the messages of the answer, each of at most `maxBytes`; larger ones are lost
   */
  onAsk(gateway: string, reply: (question: string, maxBytes: number) => readonly string[]): void;
  /** Asks all gateways of the previous release for a room. `answer` is called for each of them, until {@link Asked.stop}. */
  askPrevious(room: string, answer: (text: string) => void): Asked;
  /** Answers the questions of gateways of the previous release. */
  onAskPrevious(reply: (room: string) => string): void;
  /** Calls `resumed` after each reconnect: messages of the time before are lost. */
  onReconnect(resumed: () => void): void;
}

/**
 * Announcements between the gateways, by room. They are not stored, may be lost, and have no order relative to messages of the
 * room; those of one gateway in one room come in order. No call waits or throws.
 */
export interface JoinsBus {
  /** Sends an event to all gateways that listen to the room, this one included. */
  announce(room: string, event: string): void;
  /** Calls `received` for each event of the room, from shortly after the call until {@link Asked.stop}. */
  hear(room: string, received: (event: string) => void): Asked;
}

/** Question or subscription that can be ended. */
export interface Asked {
  /** Ends it: its callback is not called any more. */
  stop(): void;
}
