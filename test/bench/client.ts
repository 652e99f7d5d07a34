import WebSocket from 'ws';

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

  static async open(url: string, token: string): Promise<BenchClient> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const client = new BenchClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    if (token !== '') await client.command({ connect: { token } });
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

  close(): void {
    this.#socket.terminate();
  }

  #onFrame(frame: string): void {
    if (frame === '{}') {
      this.#socket.send('{}');
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
