/** The job table. Only visible rows exist, so that 100,000 jobs scroll like ten. */
import { SHOWN_STATES } from '../core/life/states.ts'
import type { Dataset } from '../report/dataset.ts'
import { element, emptyNote, visible } from './element.ts'
import { type Column, columnsOf, folderUrl, orderJobs } from './job-order.ts'
import { toneOf } from './charts/palette.ts'
import { countLabel, countText } from './words.ts'

/** Row height in CSS pixels, as in the style sheet. */
const ROW = 30
/** Extra rows above and below the visible ones, for fast scrolling. */
const SPARE = 12
/** Maximum number of rows on paper. */
const PRINTED = 500

export class JobTable {
  readonly root: HTMLElement
  readonly #dataset: Dataset
  readonly #columns: readonly Column[]
  readonly #body = element('tbody')
  readonly #above = element('td', { class: 'filler' })
  readonly #below = element('td', { class: 'filler' })
  readonly #headings: readonly HTMLElement[]
  readonly #table: HTMLElement
  readonly #scroller: HTMLElement
  readonly #count = element('p', { class: 'about', id: 'job-count', role: 'status' })
  readonly #empty = emptyNote('')
  #chosen: Uint8Array
  #order = new Uint32Array()
  #sortedBy = 0
  #isDescending = false

  constructor(dataset: Dataset) {
    this.#dataset = dataset
    this.#chosen = new Uint8Array(dataset.jobs.name.length)
    this.#columns = columnsOf(dataset)
    const total = this.#columns.reduce((sum, { width }) => sum + width, 0)
    const columns = this.#columns.map(({ key, width }) =>
      element('col', { class: `c-${key}`, style: `width: ${(100 * width) / total}%` }),
    )
    this.#headings = this.#columns.map((column, at) => this.#heading(column, at))
    this.#table = element(
      'table',
      { class: 'jobs' },
      element('colgroup', {}, ...columns),
      element('thead', {}, element('tr', {}, ...this.#headings)),
      this.#body,
    )
    this.#scroller = element('div', { class: 'job-scroller', tabindex: 0 }, this.#table)
    this.#above.colSpan = this.#below.colSpan = this.#columns.length
    this.root = element('div', {}, this.#count, this.#scroller, this.#empty)
    this.#scroller.addEventListener('scroll', () => this.#fill())
    new ResizeObserver(() => this.#fill()).observe(this.#scroller)
    window.addEventListener('beforeprint', () => this.#draw(0, Math.min(PRINTED, this.#order.length)))
    window.addEventListener('afterprint', () => this.#fill())
  }

  show(chosen: Uint8Array): void {
    this.#chosen = chosen
    this.#scroller.scrollTop = 0
    this.#sort()
  }

  #heading({ title, key, isNumber, isMinor }: Column, at: number): HTMLElement {
    const button = element('button', { type: 'button' }, title)
    button.addEventListener('click', () => {
      this.#isDescending = this.#sortedBy === at && !this.#isDescending
      this.#sortedBy = at
      this.#scroller.scrollTop = 0
      this.#sort()
    })
    return element('th', { scope: 'col', class: classesOf(isNumber, isMinor), 'data-key': key }, button)
  }

  #sort(): void {
    const column = this.#columns[this.#sortedBy]
    if (column !== undefined) this.#order = orderJobs(this.#chosen, column, this.#isDescending)
    for (const [at, heading] of this.#headings.entries())
      heading.setAttribute(
        'aria-sort',
        at !== this.#sortedBy ? 'none' : this.#isDescending ? 'descending' : 'ascending',
      )
    const all = this.#chosen.length
    const shown = this.#order.length
    this.#count.textContent =
      shown === all ? countLabel(all, 'job') : `${countText(shown)} of ${countLabel(all, 'job')}`
    this.#table.setAttribute('aria-rowcount', String(shown + 1))
    this.#empty.textContent = all === 0 ? 'no jobs yet: bjob spawn makes one' : 'no job matches the filters above'
    this.#empty.hidden = shown > 0
    this.#scroller.hidden = shown === 0
    this.#fill()
  }

  #fill(): void {
    const { scrollTop, clientHeight } = this.#scroller
    const first = Math.max(0, Math.floor(scrollTop / ROW) - SPARE)
    this.#draw(first, Math.min(this.#order.length, Math.ceil((scrollTop + clientHeight) / ROW) + SPARE))
  }

  #draw(first: number, end: number): void {
    this.#above.style.height = `${first * ROW}px`
    this.#below.style.height = `${Math.max(0, this.#order.length - end) * ROW}px`
    const rows = Array.from(this.#order.subarray(first, end), (job, at) => this.#row(job, first + at))
    this.#body.replaceChildren(
      element('tr', { class: 'filler-row' }, this.#above),
      ...rows,
      element('tr', { class: 'filler-row' }, this.#below),
    )
  }

  #row(job: number, at: number): HTMLElement {
    const cells = this.#columns.map(({ key, isNumber, isMinor, text }) => {
      const words = visible(text(job))
      const content =
        key === 'id'
          ? element('a', { href: folderUrl(this.#dataset, job) }, words)
          : key === 'state'
            ? element(
                'span',
                { class: `state ${toneOf(SHOWN_STATES[this.#dataset.jobs.state[job] ?? 0] ?? 'CREATED')}` },
                words,
              )
            : words
      return element('td', { class: classesOf(isNumber, isMinor), title: words }, content)
    })
    return element('tr', { 'aria-rowindex': at + 2, ...(at % 2 === 1 ? { class: 'odd' } : {}) }, ...cells)
  }
}

function classesOf(isNumber: boolean, isMinor: boolean): string {
  return [isNumber ? 'number' : '', isMinor ? 'minor' : ''].filter((name) => name !== '').join(' ')
}
