/** Creates elements. Text from jobs enters the page only here, as text and never as markup. */

export type Child = Node | string | number | undefined

/**
 * An element with attributes (`class`, `href`, `aria-…`) and children; strings become text nodes.
 */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) made.setAttribute(name, String(value))
  for (const child of children) if (child !== undefined) made.append(typeof child === 'number' ? String(child) : child)
  return made
}

/** A section of the page with a heading. */
export function section(id: string, title: string, about: string, ...children: readonly Child[]): HTMLElement {
  const heading = element('h2', {}, title)
  const note = about === '' ? undefined : element('p', { class: 'about' }, about)
  return element('section', { id, class: 'card' }, heading, note, ...children)
}

/** The note in place of an empty figure. */
export function emptyNote(text: string): HTMLElement {
  return element('p', { class: 'empty' }, text)
}

// oxlint-disable-next-line no-control-regex -- control characters are just what has to be seen
const CONTROLS = /[\u0000-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069]/g

/** Text from a job, with control characters made visible. */
export function visible(text: string): string {
  return text.replaceAll(CONTROLS, '\uFFFD')
}
