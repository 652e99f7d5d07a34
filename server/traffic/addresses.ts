import { BlockList, isIP } from 'node:net';
import type { UpgradeRequest } from '../transport/uws.ts';

/** Finds the address of a client. Behind proxies that are not configured it is the proxy's. */
export class Addresses {
  readonly #proxies: () => string;
  #text: string | null = null;
  #trusted = new BlockList();

  /** @param proxies ranges in CIDR notation, comma separated, or `none`; read at each use */
  constructor(proxies: () => string) {
    this.#proxies = proxies;
  }

  /**
   * Name of the client for rate limits: its IPv4 address, or the /64 of its IPv6 address, in which one customer chooses
   * freely. Of X-Forwarded-For only the entries of trusted proxies count: the last address that is none of theirs.
   */
  nameOf(request: Pick<UpgradeRequest, 'peer' | 'forwardedFor'>): string {
    this.#read();
    const peer = textOf(request.peer);
    if (!this.#isTrusted(peer)) return nameOf(peer);
    let client = peer;
    for (const hop of request.forwardedFor().split(',').reverse()) {
      const address = withoutPort(hop.trim());
      if (isIP(address) === 0 || address.includes('%')) break; // a zone means something on its host alone
      client = plain(address);
      if (!this.#isTrusted(client)) break;
    }
    return nameOf(client);
  }

  /** Parses the list if it has changed. */
  #read(): void {
    const text = this.#proxies();
    if (text === this.#text) return;
    this.#text = text;
    this.#trusted = new BlockList();
    if (text === 'none') return;
    for (const range of text.split(',')) {
      const [address = '', bits = ''] = range.split('/');
      this.#trusted.addSubnet(address, Number(bits), familyOf(address));
    }
  }

  #isTrusted(address: string): boolean {
    return this.#text !== 'none' && this.#trusted.check(address, familyOf(address));
  }
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Removes the port from an address as proxies write it: 192.0.2.1, 192.0.2.1:1234, 2001:db8::1, [2001:db8::1] or [2001:db8::1]:1234. */
function withoutPort(hop: string): string {
  const bracketed = /^\[([^\]]*)\](:\d+)?$/.exec(hop);
  if (bracketed) return bracketed[1] ?? '';
  return /^[\d.]+:\d+$/.test(hop) ? (hop.split(':')[0] ?? '') : hop;
}

/** Converts an IPv4 address that is written as an IPv6 one. */
function plain(address: string): string {
  return address.toLowerCase().startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

function textOf(bytes: Uint8Array): string {
  const mapped = bytes.byteLength === 16 && MAPPED.equals(bytes.subarray(0, 12));
  if (bytes.byteLength === 4 || mapped) return bytes.subarray(-4).join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  return groups.join(':');
}

function nameOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  // A dotted end stands for two groups.
  const groups = first.length + last.length + (address.includes('.') ? 1 : 0);
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - groups }, () => '0');
  const prefix = [...first, ...zeros, ...last].slice(0, 4).map(group => Number.parseInt(group, 16).toString(16));
  return `${prefix.join(':')}::/64`;
}
