import type { ParamsOf } from './verbs.ts';

/** `background`: the user does not see the application. */
export type ClientStateName = ParamsOf<'client.state'>['state'];

/** State of this client, as the server is told it on every connection: each begins as active. */
export class ClientState {
  readonly #call: (state: ClientStateName) => Promise<unknown>;
  #state: ClientStateName = 'active';
  /** State that the server knows of the connection; null while there is none. */
  #reported: ClientStateName | null = null;

  /** @param call calls `client.state` */
  constructor(call: (state: ClientStateName) => Promise<unknown>) {
    this.#call = call;
  }

  set(state: ClientStateName): void {
    this.#state = state;
    if (this.#reported !== null) this.#report();
  }

  /** Takes note of a new connection, or of the end of one. */
  connection(isConnected: boolean): void {
    this.#reported = isConnected ? 'active' : null;
    if (isConnected) this.#report();
  }

  /** An error is ignored: the state only saves events that this client would not show. Gateways of the version before answer 104. */
  #report(): void {
    if (this.#reported === this.#state) return;
    this.#reported = this.#state;
    this.#call(this.#state).catch(() => undefined);
  }
}
