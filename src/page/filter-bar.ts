/** The controls that select jobs: words, states, a workflow, an application. All figures follow. */
import { SHOWN_STATES } from '../core/life/states.ts'
import type { Dataset } from '../report/dataset.ts'
import { element, visible } from './element.ts'
import { toneOf } from './charts/palette.ts'
import { ALL, type Choice, countStates, isAll } from './selection.ts'
import { countText } from './words.ts'

/** Debounce of typing, because the figures of 100,000 jobs take a moment. */
const TYPING_MS = 150

export class FilterBar {
  readonly root: HTMLElement
  readonly #onChange: (choice: Choice) => void
  readonly #search = element('input', {
    type: 'search',
    id: 'search',
    placeholder: 'id, cause or launcher',
    'aria-label': 'search jobs',
    autocomplete: 'off',
    spellcheck: 'false',
  })
  readonly #selects: Readonly<Record<'workflow' | 'application' | 'cause', HTMLSelectElement>>
  readonly #chips: ReadonlyMap<number, HTMLButtonElement>
  readonly #clear = element('button', { type: 'button', class: 'clear', hidden: '' }, 'show all')
  #choice: Choice = ALL

  constructor(dataset: Dataset, onChange: (choice: Choice) => void) {
    this.#onChange = onChange
    this.#selects = {
      workflow: this.#select('workflow', 'all workflows', dataset.workflows),
      application: this.#select('application', 'all applications', dataset.applications),
      cause: this.#select('cause', 'any cause', dataset.causes),
    }
    this.#chips = new Map(
      countStates(dataset).flatMap((count, state) => (count === 0 ? [] : [[state, this.#chip(state, count)] as const])),
    )
    let timer = 0
    this.#search.addEventListener('input', () => {
      window.clearTimeout(timer)
      timer = window.setTimeout(() => this.choose({ text: this.#search.value }), TYPING_MS)
    })
    this.#clear.addEventListener('click', () => this.choose(ALL))
    this.root = element(
      'div',
      { class: 'filters', role: 'search' },
      this.#search,
      ...Object.values(this.#selects),
      element('div', { class: 'chips', role: 'group', 'aria-label': 'states' }, ...this.#chips.values()),
      this.#clear,
    )
  }

  get choice(): Choice {
    return this.#choice
  }

  /** Changes a part of the selection and displays it. */
  choose(change: Partial<Choice>): void {
    this.#choice = { ...this.#choice, ...change }
    const { text, states } = this.#choice
    if (this.#search.value !== text) this.#search.value = text
    for (const field of ['workflow', 'application', 'cause'] as const)
      this.#selects[field].value = String(this.#choice[field])
    for (const [state, chip] of this.#chips) chip.setAttribute('aria-pressed', String(states.has(state)))
    this.#clear.hidden = isAll(this.#choice)
    this.#onChange(this.#choice)
  }

  #select(field: 'workflow' | 'application' | 'cause', all: string, words: readonly string[]): HTMLSelectElement {
    const options = words.map((word, value) => element('option', { value }, visible(word === '' ? '(none)' : word)))
    const select = element(
      'select',
      { id: field, 'aria-label': field },
      element('option', { value: -1 }, all),
      ...options,
    )
    select.hidden = words.length < 2
    select.addEventListener('change', () => this.choose({ [field]: Number(select.value) }))
    return select
  }

  #chip(state: number, count: number): HTMLButtonElement {
    const name = SHOWN_STATES[state] ?? 'CREATED'
    const chip = element(
      'button',
      { type: 'button', class: `chip ${toneOf(name)}`, 'aria-pressed': 'false', 'data-state': name },
      name,
      element('b', {}, countText(count)),
    )
    chip.addEventListener('click', () => {
      const states = new Set(this.#choice.states)
      if (!states.delete(state)) states.add(state)
      this.choose({ states })
    })
    return chip
  }
}
