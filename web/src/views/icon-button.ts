import { element } from '../dom/element.ts';
import { icon } from '../dom/icons.ts';

/** A button that shows only an icon. */
export function iconButton(
  name: Parameters<typeof icon>[0],
  label: string,
  onClick: () => void,
  extraClass = '',
): HTMLButtonElement {
  return element(
    'button',
    {
      class: `icon-button ${extraClass}`.trim(),
      attributes: { type: 'button', 'aria-label': label, title: label },
      on: { click: onClick },
    },
    icon(name),
  );
}
