import type { Point, Run } from './run-trace.ts';
import type { Trace } from './trace.ts';

const WIDTH = 860;
const LEFT = 62;
const RIGHT = 12;
const PANEL = 130;
const TOPS = [46, 218] as const;
const HEIGHT = 396;
/** Points of a line: more cannot be told apart. */
const POINTS = 400;

/** Colours for a light and for a dark page: an image cannot ask the page for its own. */
const STYLE = `
text{font:12px system-ui,sans-serif;fill:#333}.title{font-size:15px;font-weight:600}.axis{stroke:#999;stroke-width:1}
.grid{stroke:#999;stroke-width:.5;stroke-dasharray:2 4}path{fill:none;stroke-width:1.8;stroke-linejoin:round}
.clients{stroke:#4b6fa8;fill:#4b6fa8;fill-opacity:.18}.fixed{stroke:#777;stroke-dasharray:3 3}.learned{stroke:#0a7d4f}.hpa{stroke:#c2571a}
@media(prefers-color-scheme:dark){text{fill:#ccc}.clients{stroke:#8fb0e6;fill:#8fb0e6}.fixed{stroke:#aaa}.learned{stroke:#3fcf8e}.hpa{stroke:#ff9b5c}}`;

const round = (value: number) => String(Math.round(value * 10) / 10);

/** A little above the largest value, with a first digit that divides well. */
function ceiling(most: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  return [1, 2, 3, 4, 6, 8, 10].map(digit => digit * unit).find(top => top >= most) ?? 10 * unit;
}

interface Panel {
  readonly top: number;
  readonly seconds: number;
  readonly most: number;
}

const x = (second: number, { seconds }: Panel) => LEFT + (second / seconds) * (WIDTH - LEFT - RIGHT);
const y = (value: number, { top, most }: Panel) => top + PANEL * (1 - value / most);

/** A few of the points, with each change of the value among them. */
function thinned(points: readonly Point[], value: (point: Point) => number, stepped: boolean): readonly Point[] {
  const every = Math.max(1, Math.floor(points.length / POINTS));
  return points.filter((point, at) => {
    const before = points[at - 1];
    return stepped ? !before || value(before) !== value(point) || at === points.length - 1 : at % every === 0;
  });
}

function line(panel: Panel, points: readonly Point[], value: (point: Point) => number, stepped: boolean): string {
  const [first, ...rest] = thinned(points, value, stepped);
  if (!first) return '';
  const to = (point: Point) =>
    stepped
      ? `H${round(x(point.second, panel))}V${round(y(value(point), panel))}`
      : `L${round(x(point.second, panel))} ${round(y(value(point), panel))}`;
  return `M${round(x(first.second, panel))} ${round(y(value(first), panel))}${rest.map(to).join('')}`;
}

function axes(panel: Panel, unit: string, label: (second: number) => string): string {
  const right = WIDTH - RIGHT;
  const marks = [0, panel.most / 2, panel.most].map(
    value =>
      `<line class="grid" x1="${LEFT}" x2="${right}" y1="${round(y(value, panel))}" y2="${round(y(value, panel))}"/>` +
      `<text x="${LEFT - 6}" y="${round(y(value, panel) + 4)}" text-anchor="end">${value.toLocaleString('en')}</text>`,
  );
  const times = Array.from({ length: 7 }, (_, at) => (at * panel.seconds) / 6).map(
    second =>
      `<text x="${round(x(second, panel))}" y="${panel.top + PANEL + 16}" text-anchor="${second === panel.seconds ? 'end' : 'middle'}">${label(second)}</text>`,
  );
  return `<text x="${LEFT}" y="${panel.top - 7}">${unit}</text>${marks.join('')}${times.join('')}`;
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** The runs of one trace that are drawn. */
export interface Drawn {
  readonly trace: Trace;
  readonly learned: Run;
  readonly fixed: Run;
  readonly hpa: Run;
}

/** A picture of one trace: clients above, gateways below. @param hpaName what the plain HPA aims at */
export function plot({ trace, learned, fixed, hpa }: Drawn, hpaName: string): string {
  const most = (points: readonly Point[], value: (point: Point) => number) =>
    points.reduce((top, point) => Math.max(top, value(point)), 0);
  const size = (point: Point) => point.size;
  const { seconds } = trace;
  const { points } = learned;
  const clients: Panel = { top: TOPS[0], seconds, most: ceiling(most(points, point => point.demand)) };
  const largest = Math.max(...[learned, fixed, hpa].map(run => most(run.points, size)));
  const gateways: Panel = { top: TOPS[1], seconds, most: Math.ceil(largest / 2) * 2 };
  const hours = seconds > 2 * 3_600;
  const label = (second: number) => (hours ? `${round(second / 3_600)} h` : `${round(second / 60)} min`);
  const area = `${line(clients, points, point => point.demand, false)}L${WIDTH - RIGHT} ${y(0, clients)}L${LEFT} ${y(0, clients)}Z`;
  const legend = [
    ['learned', 'Builtin, learned'],
    ['fixed', 'Builtin, 5,000'],
    ['hpa', hpaName],
  ].map(([name, text], at) => {
    const from = LEFT + at * 170;
    return `<path class="${name}" d="M${from} ${HEIGHT - 12}h24"/><text x="${from + 30}" y="${HEIGHT - 8}">${text}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${escaped(trace.title)}</title><style>${STYLE}</style>`,
    `<text class="title" x="${LEFT}" y="18">${escaped(trace.title)}</text>`,
    axes(clients, 'clients', label),
    `<path class="clients" d="${area}"/>`,
    axes(gateways, 'gateways', label),
    `<path class="fixed" d="${line(gateways, fixed.points, size, true)}"/>`,
    `<path class="hpa" d="${line(gateways, hpa.points, size, true)}"/>`,
    `<path class="learned" d="${line(gateways, points, size, true)}"/>`,
    ...legend,
    '</svg>\n',
  ].join('\n');
}
