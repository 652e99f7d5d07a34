import type { Codec } from './codec.ts';
import { decodeJsonFrame, jsonSizes } from './json-decode.ts';
import { encodeJsonError, encodeJsonPush, encodeJsonReply } from './json-encode.ts';

/** The protocol in JSON: text frames, one object per line. Used for clients that ask for no subprotocol. */
export const jsonCodec: Codec = {
  encoding: 'json',
  binary: false,
  subprotocol: 'centrifuge-json',
  ping: '{}',
  decode: decodeJsonFrame,
  sizes: jsonSizes,
  reply: encodeJsonReply,
  error: encodeJsonError,
  push: encodeJsonPush,
};
