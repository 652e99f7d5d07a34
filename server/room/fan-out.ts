import type { Codec, Encoding, Frame, Push } from '../protocol/codec.ts';

/**
 * Sends one frame to all connections that are members of a topic, of any transport. Guarantees, for each of them: frames come in
 * the order of the calls, over all topics, and in order with frames sent to it directly; a connection that leaves the topic or
 * ends during the call may miss the frame; a connection that cannot queue the frame gets no later one and is ended, before the
 * next call sends anything. Returns at once and never throws. Must not be called by a connection that takes a frame.
 */
export type PublishTopic = (topic: string, frame: Frame, binary: boolean) => void;

/** Fan-out of the pushes of rooms: one topic for each room and encoding. */
export interface FanOut {
  /** Topic of the members with an encoding. */
  topic(room: string, encoding: Encoding): string;
  /**
   * Encodes a push once for each encoding that has members, and publishes it, with the guarantees of {@link PublishTopic}.
   * @param members number of members by encoding; 0 sends nothing
   * @returns bytes of the frames, once for each member
   */
  push(room: string, members: Readonly<Record<Encoding, number>>, push: Push): number;
}

/** Makes the fan-out of a gateway. */
export function fanOut(codecs: Readonly<Record<Encoding, Codec>>, publish: PublishTopic): FanOut {
  const topic = (room: string, encoding: Encoding) => `${encoding}/${room}`;
  return {
    topic,
    push(room, members, push) {
      let bytes = 0;
      for (const codec of [codecs.json, codecs.protobuf]) {
        const count = members[codec.encoding];
        if (count === 0) continue;
        const frame = codec.push(push);
        publish(topic(room, codec.encoding), frame, codec.binary);
        bytes += count * (typeof frame === 'string' ? frame.length : frame.byteLength);
      }
      return bytes;
    },
  };
}
