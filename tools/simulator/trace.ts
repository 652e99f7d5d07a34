import { integer, seeded } from '../support/random.ts';

/** Something that happens to the fleet rather than to the clients' wish to be there. */
export interface Incident {
  readonly second: number;
  /** cut: every connection breaks at once. gateway: one dies. node: a node dies with the gateways on it. */
  readonly what: 'cut' | 'gateway' | 'node';
}

/** Behaviour of the clients over time, the same for every autoscaler. */
export interface Trace {
  readonly name: string;
  readonly title: string;
  readonly seconds: number;
  /** Clients that want to be connected. */
  readonly demand: (second: number) => number;
  readonly incidents: readonly Incident[];
  /** Mean length of a session in seconds: so fast connections turn over. */
  readonly sessionSeconds: number;
  /** Gateways at the start. */
  readonly gateways: number;
  /** Deliveries a second for each connection. */
  readonly deliveries: (second: number) => number;
}

const HOUR = 3_600;
/** Value that goes from 0 to 1 between two times, smoothly at both ends. */
function rise(second: number, from: number, to: number): number {
  const x = Math.min(1, Math.max(0, (second - from) / (to - from)));
  return x * x * (3 - 2 * x);
}

/** A level that wanders: sums of waves with seeded phases, so that it is the same for any step. @returns about -1 to 1 */
function wander(seed: number): (second: number) => number {
  const random = seeded(seed);
  const waves = [97, 241, 617, 1_511, 4_001].map(period => ({ period, phase: random() * 2 * Math.PI }));
  return second =>
    waves.reduce((sum, { period, phase }) => sum + Math.sin((second / period) * 2 * Math.PI + phase), 0) / waves.length;
}

/** Clients that are there for 2 to 10 minutes and away for as long, `some` of them, beside those that stay. */
function flapping(steady: number, some: number): (second: number) => number {
  const random = seeded(11);
  const flips = [0];
  while ((flips.at(-1) ?? 0) < 24 * HOUR) flips.push((flips.at(-1) ?? 0) + 120 + integer(random, 480));
  return second => {
    const flip = flips.findLastIndex(each => each <= second);
    const done = rise(second, flips[flip] ?? 0, (flips[flip] ?? 0) + 60);
    return steady + some * (flip % 2 === 0 ? done : 1 - done);
  };
}

/** @param scale shortens the traces, for tests: 1 for the lengths they are meant to have */
export function traces(scale = 1): Trace[] {
  const noise = wander(5);
  const long = (seconds: number) => Math.round(seconds * scale);
  const base = { incidents: [], sessionSeconds: 1_800, deliveries: () => 2 };
  const day = (second: number) => {
    const hour = second / scale / HOUR;
    const people = rise(hour, 5.5, 9.5) * (1 - 0.25 * rise(hour, 11.5, 12.5) + 0.25 * rise(hour, 13, 14));
    const evening = 1 - 0.35 * rise(hour, 16.5, 18) - 0.55 * rise(hour, 20.5, 23.5);
    return (4_000 + 56_000 * people * evening) * (1 + 0.03 * noise(second));
  };
  return [
    { ...base, name: 'day', title: "A day's curve with noise", seconds: long(24 * HOUR), demand: day, gateways: 2 },
    {
      ...base,
      name: 'storm',
      title: 'A reconnect storm: all connections break at once',
      seconds: HOUR,
      demand: second => 40_000 * (1 + 0.02 * noise(second)),
      incidents: [{ second: 1_200, what: 'cut' }],
      gateways: 9,
    },
    {
      ...base,
      name: 'node',
      title: 'A lost node with a quarter of the gateways',
      seconds: HOUR,
      demand: second => 55_000 * (1 + 0.02 * noise(second)),
      incidents: [{ second: 900, what: 'node' }],
      gateways: 12,
    },
    {
      ...base,
      name: 'flapping',
      title: 'A flapping client fleet: 40 % come and go every 2 to 10 minutes',
      seconds: long(6 * HOUR),
      demand: flapping(24_000, 16_000),
      gateways: 9,
    },
    {
      ...base,
      name: 'ramp',
      title: 'A slow ramp up, and down again',
      seconds: long(5 * HOUR),
      demand: second =>
        5_000 + 55_000 * (rise(second / scale, 0.25 * HOUR, 2 * HOUR) - rise(second / scale, 2.75 * HOUR, 4.5 * HOUR)),
      gateways: 2,
    },
    {
      ...base,
      name: 'collapse',
      title: "The clients' network fails for 12 minutes, then all come back",
      seconds: long(1.5 * HOUR),
      demand: second =>
        60_000 * (1 - 0.95 * (rise(second, 1_200, 1_215) - rise(second, 1_920, 1_940))) * (1 + 0.01 * noise(second)),
      gateways: 13,
    },
    {
      ...base,
      name: 'busy',
      title: 'An evening on which everybody writes three times as much for an hour',
      seconds: long(3 * HOUR),
      demand: second => 30_000 * (1 + 0.02 * noise(second)),
      deliveries: second =>
        2 + 4 * (rise(second / scale, 0.75 * HOUR, 1.25 * HOUR) - rise(second / scale, 2 * HOUR, 2.5 * HOUR)),
      gateways: 6,
    },
  ];
}
