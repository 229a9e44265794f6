/** The legend above a chart: the meaning of each colour and its value at the pointer. */
import { element } from '../element.ts'

export interface LegendItem {
  readonly label: string
  /** A colour of the style sheet. */
  readonly colour: string
  readonly isLine?: boolean
}

export class Legend {
  readonly root = element('div', { class: 'legend' })
  readonly #place = element('span', { class: 'place' })
  #values: HTMLElement[] = []

  show(items: readonly LegendItem[]): void {
    this.#values = items.map(() => element('b'))
    this.root.replaceChildren(
      ...items.map(({ label, colour, isLine }, at) =>
        element(
          'span',
          {},
          element('i', { class: isLine === true ? 'swatch line' : 'swatch', style: `--swatch: var(--${colour})` }),
          label,
          ' ',
          this.#values[at],
        ),
      ),
      this.#place,
    )
  }

  /** @param place description of the pointer's position; empty outside */
  tell(values: readonly string[], place: string): void {
    for (const [at, value] of this.#values.entries()) value.textContent = values[at] ?? ''
    this.#place.textContent = place
  }
}
