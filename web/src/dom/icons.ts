/** Strokes on a grid of 24 by 24. */
const PATHS = {
  hash: ['M5 9h14', 'M5 15h14', 'M10 4 8 20', 'M16 4l-2 16'],
  send: ['M4 12 20 4l-5 16-4-6-7-2z', 'M11 14 20 4'],
  menu: ['M4 7h16', 'M4 12h16', 'M4 17h16'],
  close: ['M6 6l12 12', 'M18 6 6 18'],
  plus: ['M12 5v14', 'M5 12h14'],
  people: [
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z',
    'M2.5 20c.6-3.6 3-5.5 6.5-5.5s5.9 1.9 6.5 5.5',
    'M16 4.3a3.5 3.5 0 0 1 0 6.4',
    'M18 14.8c1.9.7 3.1 2.3 3.5 5.2',
  ],
  link: [
    'M10 13.5a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.7-5.7L12 6.6',
    'M14 10.5a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.7 5.7l1.3-1.3',
  ],
  search: ['M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z', 'M15.5 15.5 20 20'],
  lock: ['M6 11h12v9H6z', 'M8.5 11V8a3.5 3.5 0 0 1 7 0v3'],
  leave: ['M14 4H6v16h8', 'M11 12h10', 'M17 8l4 4-4 4'],
  down: ['M12 5v14', 'M6 13l6 6 6-6'],
  check: ['M5 12.5 10 17.5 19 7'],
  clock: ['M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z', 'M12 8v4.5l3 2'],
  alert: ['M12 4 2.5 20h19L12 4z', 'M12 10v4.5', 'M12 17.2v.1'],
  language: [
    'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z',
    'M3.5 12h17',
    'M12 3.5c-5 5-5 12 0 17',
    'M12 3.5c5 5 5 12 0 17',
  ],
  more: ['M5.5 12h.01', 'M12 12h.01', 'M18.5 12h.01'],
  reply: ['M10 6 4 12l6 6', 'M4 12h10c3.5 0 6 2 6 6'],
  edit: ['M4 20h4L19 9l-4-4L4 16v4z', 'M13 7l4 4'],
  trash: ['M4 7h16', 'M9 7V4h6v3', 'M6.5 7l1 13h9l1-13', 'M10 11v5', 'M14 11v5'],
  chat: ['M12 4c-5 0-8.5 3.2-8.5 7.3 0 2.3 1.1 4.2 2.9 5.6V21l3.7-2.2c.6.1 1.2.2 1.9.2 5 0 8.5-3.4 8.5-7.6S17 4 12 4z'],
} as const;

export type IconName = keyof typeof PATHS;

const SVG = 'http://www.w3.org/2000/svg';

/** A decorative icon in the colour of the text, hidden from screen readers: its parent needs an accessible name. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  for (const path of PATHS[name]) {
    const line = document.createElementNS(SVG, 'path');
    line.setAttribute('d', path);
    svg.append(line);
  }
  return svg;
}

/** The product's mark, as in `icon.svg`. */
export function mark(): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 32 32');
  svg.setAttribute('class', 'mark');
  svg.setAttribute('aria-hidden', 'true');
  const shapes: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['rect', { width: '32', height: '32', rx: '9', class: 'mark-ground' }],
    [
      'path',
      {
        d: 'M16 6.5c-5.8 0-10.2 3.9-10.2 8.8 0 2.7 1.3 5 3.4 6.6v4l4-2.3c.9.2 1.8.3 2.8.3 5.8 0 10.2-3.8 10.2-8.6S21.8 6.5 16 6.5z',
        class: 'mark-bubble',
      },
    ],
    ['path', { d: 'M11 16.8 16 11.9l5 4.9', class: 'mark-link' }],
    ['circle', { cx: '11', cy: '16.9', r: '1.8', class: 'mark-ground' }],
    ['circle', { cx: '16', cy: '11.8', r: '1.8', class: 'mark-ground' }],
    ['circle', { cx: '21', cy: '16.9', r: '1.8', class: 'mark-ground' }],
  ];
  for (const [tag, attributes] of shapes) {
    const shape = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    svg.append(shape);
  }
  return svg;
}
