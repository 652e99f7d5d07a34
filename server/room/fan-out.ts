import type { Codec, Encoding, Frame, Push } from '../protocol/codec.ts';

/** Sends one frame to all sockets of a topic. */
export type PublishTopic = (topic: string, frame: Frame, binary: boolean) => void;

export interface FanOut {
  topic(room: string, encoding: Encoding): string;
  /** Encodes a push once an encoding that has members, and sends it to them. @returns bytes handed to the sockets */
  push(room: string, members: Readonly<Record<Encoding, number>>, push: Push): number;
}

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
