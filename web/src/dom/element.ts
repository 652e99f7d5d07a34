interface Options {
  readonly class?: string;
  readonly text?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly on?: { readonly [E in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[E]) => void };
}

/** Makes an element. Text is set as a text node: neither this function nor any other code of the page parses HTML. */
export function element<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  options: Options = {},
  ...children: readonly (Node | null)[]
): HTMLElementTagNameMap[T] {
  const made = document.createElement(tag);
  if (options.class) made.className = options.class;
  if (options.text !== undefined) made.textContent = options.text;
  for (const [name, value] of Object.entries(options.attributes ?? {})) made.setAttribute(name, value);
  for (const [type, listener] of Object.entries(options.on ?? {}))
    made.addEventListener(type, listener as EventListener);
  made.append(...children.filter(child => child !== null));
  return made;
}

/** Listens to events of what outlives the caller. @returns a function that ends it */
export function listen(target: EventTarget, type: string, listener: () => void): () => void {
  target.addEventListener(type, listener);
  return () => target.removeEventListener(type, listener);
}

/** Sets text only where it differs, so that selections and screen readers are not disturbed. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * Replaces the children of an element if what they show has changed, so that focus and selections stay otherwise.
 * @param shown everything the children depend on
 */
export function showOnChange(target: HTMLElement, shown: unknown, children: () => readonly Node[]): void {
  const key = JSON.stringify(shown);
  if (target.dataset['shown'] === key) return;
  target.dataset['shown'] = key;
  target.replaceChildren(...children());
}

export interface KeyedView<Item> {
  readonly key: (item: Item) => string;
  readonly create: (item: Item) => HTMLElement;
  readonly update: (target: HTMLElement, item: Item) => void;
}

/** Makes the children of `parent` show `items` in their order. An element is kept while an item has its key. */
export function reconcile<Item>(parent: HTMLElement, items: readonly Item[], view: KeyedView<Item>): void {
  const wanted = new Set(items.map(view.key));
  const known = new Map<string, HTMLElement>();
  for (const child of [...parent.children]) {
    const key = child instanceof HTMLElement ? (child.dataset['key'] ?? '') : '';
    // Removed children go first. The others then need no move, which would lose selections and focus.
    if (child instanceof HTMLElement && wanted.has(key)) known.set(key, child);
    else child.remove();
  }
  let at: Element | null = parent.firstElementChild;
  for (const item of items) {
    const key = view.key(item);
    let target = known.get(key);
    if (!target) {
      target = view.create(item);
      target.dataset['key'] = key;
    }
    view.update(target, item);
    if (target === at) at = at.nextElementSibling;
    else parent.insertBefore(target, at);
  }
}
