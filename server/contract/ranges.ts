import { isIP } from 'node:net';

/** Problem of a comma-separated list of address ranges in CIDR notation, or `none`; null for a valid one. */
export function rangesProblem(text: string): string | null {
  if (text === 'none') return null;
  for (const range of text.split(',')) {
    const [address = '', bits = '', ...more] = range.split('/');
    const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    if (more.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > most)
      return `${JSON.stringify(range)} is not an address range such as 10.0.0.0/8 or fd00::/8`;
  }
  return null;
}
