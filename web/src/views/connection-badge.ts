import type { Connection } from '../../../client/transport.ts';
import { element, setText } from '../dom/element.ts';
import type { StringKey } from '../i18n/en.ts';
import type { Texts } from '../i18n/language.ts';

/** Shows the state of the connection and the name of the gateway. */
export class ConnectionBadge {
  readonly root: HTMLElement;
  readonly #texts: Texts;
  readonly #state = element('span', { class: 'connection-state' });
  readonly #gateway = element('bdi');
  #wasConnected = false;

  constructor(texts: Texts) {
    this.#texts = texts;
    this.root = element(
      'div',
      { class: 'connection', attributes: { role: 'status' } },
      element('span', { class: 'dot', attributes: { 'aria-hidden': 'true' } }),
      this.#state,
      // Names of pods differ at the end, so the end stays visible when there is too little space.
      element('span', { class: 'connection-gateway' }, this.#gateway),
    );
  }

  update(connection: Connection): void {
    this.#wasConnected ||= connection.phase === 'connected';
    const keys: Record<Connection['phase'], StringKey> = {
      connected: 'connection.connected',
      connecting: this.#wasConnected ? 'connection.reconnecting' : 'connection.connecting',
      disconnected: 'connection.disconnected',
    };
    const gateway = connection.phase === 'connected' ? connection.gateway : '';
    this.root.dataset['phase'] = connection.phase;
    setText(this.#state, this.#texts.text(keys[connection.phase]));
    setText(this.#gateway, gateway);
    this.root.title = gateway
      ? this.#texts.text('connection.via', { gateway })
      : this.#texts.text(keys[connection.phase]);
  }
}
