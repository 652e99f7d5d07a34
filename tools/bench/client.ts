import WebSocket from 'ws';

/** Protocol of a server: ours, Socket.IO's, or none. */
export type Dialect = 'chat' | 'socket.io' | 'bare';

const AGAIN_MS = 200;

/**
 * A client that costs as little as it can: one JSON connection, one room. It counts deliveries by their marker and does
 * not parse them.
 */
export class BenchClient {
  readonly #socket: WebSocket;
  #reply: ((frame: string) => void) | null = null;
  #id = 0;
  deliveries = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', data => this.#onFrame(String(data)));
    // A connection that is lost shows as missing deliveries.
    socket.on('error', () => undefined);
  }

  /** @param token for `chat` alone */
  static async open(url: string, dialect: Dialect, token = ''): Promise<BenchClient> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const client = new BenchClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    if (dialect === 'chat') await client.command({ connect: { token } });
    if (dialect === 'socket.io') socket.send('40'); // packet "connect" of the default namespace
    return client;
  }

  subscribe(channel: string): Promise<string> {
    return this.command({ subscribe: { channel } });
  }

  /** Sends one command and resolves with its reply. One at a time. */
  async command(command: object): Promise<string> {
    const reply = new Promise<string>(resolve => {
      this.#reply = resolve;
    });
    this.#id += 1;
    this.#socket.send(JSON.stringify({ id: this.#id, ...command }));
    const frame = await reply;
    if (frame.includes('"error"')) throw new Error(`refused: ${frame}`);
    return frame;
  }

  /** Calls a verb, again while it answers a temporary error: a chat that has just started fills its stores. */
  async surely(method: string, data: object): Promise<string> {
    for (;;)
      try {
        return await this.command({ rpc: { method, data } });
      } catch (error) {
        if (!(error as Error).message.includes('"temporary":true')) throw error;
        await new Promise(resolve => setTimeout(resolve, AGAIN_MS));
      }
  }

  /** Sends a frame as it is, to a server without a protocol. */
  sendRaw(frame: string): void {
    this.#socket.send(frame);
  }

  close(): void {
    this.#socket.terminate();
  }

  #onFrame(frame: string): void {
    if (frame === '{}') {
      this.#socket.send('{}');
      return;
    }
    if (frame === '2') {
      this.#socket.send('3'); // heartbeat of Engine.IO
      return;
    }
    let at = frame.indexOf('"push"');
    while (at >= 0) {
      this.deliveries += 1;
      at = frame.indexOf('"push"', at + 6);
    }
    if (frame.startsWith('{"id"') && this.#reply) {
      const reply = this.#reply;
      this.#reply = null;
      reply(frame);
    }
  }
}
