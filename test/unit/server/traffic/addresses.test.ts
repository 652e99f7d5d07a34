import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangesProblem } from '../../../../server/contract/ranges.ts';
import { Addresses } from '../../../../server/traffic/addresses.ts';

const v4 = (text: string) => Uint8Array.from(text.split('.').map(Number));
const v6 = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(':', ''), 'hex'));
const name = (proxies: string, peer: Uint8Array, forwarded = '') =>
  new Addresses(() => proxies).nameOf({ peer, forwardedFor: () => forwarded });

const PROXIES = '10.0.0.0/8,fd00::/8';
const PROXY = v4('10.1.2.3');

for (const { what, proxies = PROXIES, peer = PROXY, forwarded = '', client } of [
  {
    what: 'without proxies the header counts for nothing',
    proxies: 'none',
    forwarded: '192.0.2.1',
    client: '10.1.2.3',
  },
  { what: 'who is no proxy is not believed', peer: v4('192.0.2.9'), forwarded: '192.0.2.1', client: '192.0.2.9' },
  { what: 'a proxy is believed', forwarded: '192.0.2.1', client: '192.0.2.1' },
  { what: 'a proxy without the header is the client', client: '10.1.2.3' },
  { what: 'what the client wrote itself is not read', forwarded: '198.51.100.1, 192.0.2.1', client: '192.0.2.1' },
  { what: 'proxies in a row are passed over', forwarded: '6.6.6.6, 192.0.2.1,10.9.9.9 ,10.8.8.8', client: '192.0.2.1' },
  { what: 'proxies alone: the first of them', forwarded: '10.9.9.9, 10.8.8.8', client: '10.9.9.9' },
  { what: 'what is no address ends it', forwarded: '192.0.2.1, unknown, 10.8.8.8', client: '10.8.8.8' },
  { what: 'what is no address at all', forwarded: 'fe80::1%eth0', client: '10.1.2.3' },
  { what: 'ports are cut off', forwarded: '192.0.2.1:4711', client: '192.0.2.1' },
  { what: 'brackets too', forwarded: '[2001:db8:1:2:3::4]:4711', client: '2001:db8:1:2::/64' },
  { what: 'an IPv4 address in IPv6 clothes', forwarded: '::FFFF:192.0.2.1', client: '192.0.2.1' },
  {
    what: 'an IPv4 peer of a listener on IPv6',
    peer: v6('00000000000000000000ffff:0a010203'),
    forwarded: '192.0.2.1',
    client: '192.0.2.1',
  },
  {
    what: 'a proxy with an IPv6 address',
    peer: v6('fd00000000000000:0000000000000001'),
    forwarded: '192.0.2.1',
    client: '192.0.2.1',
  },
  {
    what: 'an IPv6 peer counts by its /64',
    peer: v6('20010db800010002:0003000400050006'),
    client: '2001:db8:1:2::/64',
  },
  { what: 'zeros in between', forwarded: '2001:db8::9', client: '2001:db8:0:0::/64' },
  { what: 'zeros in front', forwarded: '::1', client: '0:0:0:0::/64' },
  { what: 'a dotted end', forwarded: '2001:db8:1::192.0.2.1', client: '2001:db8:1:0::/64' },
]) {
  test(`the client behind proxies: ${what}`, () => assert.equal(name(proxies, peer, forwarded), client));
}

test('another list of proxies counts from the next client on', () => {
  let proxies = 'none';
  const addresses = new Addresses(() => proxies);
  const request = { peer: PROXY, forwardedFor: () => '192.0.2.1' };
  assert.equal(addresses.nameOf(request), '10.1.2.3');
  proxies = '10.0.0.0/8';
  assert.equal(addresses.nameOf(request), '192.0.2.1');
});

test('a list of ranges is checked before it counts', () => {
  for (const good of ['none', '10.0.0.0/8', '10.0.0.0/8,fd00::/8', '192.0.2.1/32', '::1/128', '0.0.0.0/0'])
    assert.equal(rangesProblem(good), null);
  for (const bad of [
    '',
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0/8',
    'fd00::/129',
    '10.0.0.0/8, fd00::/8',
    'a/8',
    '::1/8/8',
    'none,::1/8',
  ])
    assert.match(rangesProblem(bad) ?? '', /is not an address range such as/, bad);
});
