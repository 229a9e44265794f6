/** The two short tables: failures by cause, and launchers. */
import { type Dataset, NEVER } from '../report/dataset.ts'
import type { FailureRow } from '../report/failures.ts'
import type { LauncherFigures } from '../report/figures.ts'
import { type Child, element, emptyNote, visible } from './element.ts'
import { countLabel, coreTimeText, countText, durationText, percentText, timeText } from './words.ts'

/** Maximum number of rows; the job table has all of them. */
const MOST_CAUSES = 40
const MOST_LAUNCHERS = 200

/** @param onPick called with the cause whose jobs are to be shown */
export function failureTable(
  { causes }: Dataset,
  failures: readonly FailureRow[],
  onPick: (cause: number) => void,
): HTMLElement {
  if (failures.length === 0) return emptyNote('nothing failed')
  const most = Math.max(...failures.map(({ runs, jobs }) => Math.max(runs, jobs)))
  const rows = failures.slice(0, MOST_CAUSES).map(({ cause, application, how, runs, jobs }) => {
    const number = causes.indexOf(cause)
    const pick = element(
      'button',
      { type: 'button', class: 'link', title: 'show the jobs that ended for this cause' },
      visible(cause === '' ? '(no cause recorded)' : cause),
    )
    pick.addEventListener('click', () => onPick(number))
    return [
      jobs === 0 ? visible(cause) : pick,
      visible(application),
      element(
        'span',
        { class: 'bar-cell' },
        element('i', { class: `bar ${how}`, style: `width: ${(100 * Math.max(runs, jobs)) / most}%` }),
        element('span', {}, how),
      ),
      countText(runs),
      countText(jobs),
    ]
  })
  const others = failures.length - rows.length
  const table = tableOf(['Cause', 'Application', 'Kind', '#Attempts', '#Jobs ended'], rows)
  return element('div', {}, table, others > 0 ? emptyNote(`and ${countText(others)} rarer causes`) : undefined)
}

export function launcherTable({ origin, now }: Dataset, launchers: readonly LauncherFigures[]): HTMLElement {
  if (launchers.length === 0) return emptyNote('no launchers yet: bjob launch starts one')
  const rows = launchers.slice(-MOST_LAUNCHERS).map((row) => {
    const { id, host, nodes, cores, gpus, start, end, fate, runs, coreSeconds, offeredCoreSeconds } = row
    const where = nodes.length > 1 ? `${countText(nodes.length)} nodes` : (nodes[0] ?? host)
    const share = Math.min(1, coreSeconds / offeredCoreSeconds)
    return [
      visible(id),
      `${visible(where)}, ${countLabel(cores, 'core')}${gpus === 0 ? '' : `, ${countLabel(gpus, 'GPU')}`}`,
      timeText(origin + start),
      durationText(((end === NEVER ? now : end) - start) / 1000),
      countText(runs),
      coreTimeText(coreSeconds),
      element(
        'span',
        { class: 'bar-cell' },
        element('i', { class: 'bar finished', style: `width: ${100 * share}%` }),
        element('span', {}, percentText(coreSeconds / offeredCoreSeconds)),
      ),
      fate === '' ? 'runs' : visible(fate),
    ]
  })
  return tableOf(['Launcher', 'Where', 'Started (UTC)', '#Lived', '#Runs', '#Used', 'Utilization', 'End'], rows)
}

/** @param titles a leading `#` marks right-aligned numbers */
function tableOf(titles: readonly string[], rows: readonly (readonly Child[])[]): HTMLElement {
  const classOf = (at: number): string => (titles[at]?.startsWith('#') === true ? 'number' : '')
  return element(
    'div',
    { class: 'scroll-x' },
    element(
      'table',
      {},
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...titles.map((title, at) => element('th', { scope: 'col', class: classOf(at) }, title.replace('#', ''))),
        ),
      ),
      element(
        'tbody',
        {},
        ...rows.map((cells) =>
          element('tr', {}, ...cells.map((cell, at) => element('td', { class: classOf(at) }, cell))),
        ),
      ),
    ),
  )
}
