import type { Codec } from './codec.ts';
import { decodeProtobufFrame, protobufSizes } from './protobuf-decode.ts';
import { encodeProtobufError, encodeProtobufPush, encodeProtobufReply } from './protobuf-encode.ts';

/** The protocol in Protobuf: binary frames, each command or reply preceded by its length. Chosen by the subprotocol. */
export const protobufCodec: Codec = {
  encoding: 'protobuf',
  binary: true,
  subprotocol: 'centrifuge-protobuf',
  ping: Uint8Array.of(0),
  decode: decodeProtobufFrame,
  sizes: protobufSizes,
  reply: encodeProtobufReply,
  error: encodeProtobufError,
  push: encodeProtobufPush,
};
