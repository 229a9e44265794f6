/** The page of a report: reads its embedded data and draws. */
import type { Dataset } from '../report/dataset.ts'
import { type Figures, computeFigures } from '../report/figures.ts'
import { element, emptyNote, section } from './element.ts'
import { FilterBar } from './filter-bar.ts'
import { Gantt } from './charts/gantt.ts'
import { Histogram } from './charts/histogram.ts'
import { JobTable } from './job-table.ts'
import { type PageLook, choiceOf, lookOf, refreshEvery, takeLook } from './refresh.ts'
import { SearchSection } from './search-section.ts'
import { type Choice, choose, isAll } from './selection.ts'
import { Summary, heading } from './summary.ts'
import { failureTable, launcherTable } from './tables.ts'
import { TimeChart } from './charts/time-chart.ts'
import { type Range, TimeWindow } from './charts/time-window.ts'
import { durationText } from './words.ts'

class Page {
  readonly #dataset: Dataset
  readonly #window: TimeWindow
  readonly #summary = new Summary()
  readonly #usage: TimeChart
  readonly #gpuUsage: TimeChart
  readonly #throughput: TimeChart
  readonly #gantt: Gantt
  readonly #queueTime = new Histogram(
    'Waiting',
    'Time from the moment an attempt could start until it started.',
    'attempts',
    'waiting',
  )
  readonly #runTime = new Histogram('Running', 'Time from claim to end, for every outcome.', 'attempts', 'running')
  readonly #table: JobTable
  readonly #searches: readonly SearchSection[]
  readonly #filters: FilterBar
  readonly #failures = element('div')
  readonly #launchers = element('div')
  readonly #throughputNote = element('p', { class: 'about' })
  readonly #reset = element('button', { type: 'button', class: 'reset', hidden: '' }, 'whole time')

  constructor(dataset: Dataset) {
    this.#dataset = dataset
    this.#window = new TimeWindow(wholeOf(dataset, computeFigures(dataset)))
    this.#usage = new TimeChart(this.#window)
    this.#gpuUsage = new TimeChart(this.#window)
    this.#throughput = new TimeChart(this.#window)
    this.#gantt = new Gantt(dataset, this.#window, (job) =>
      this.#filters.choose({
        text: `${dataset.workflows[dataset.jobs.workflow[job] ?? 0] ?? ''}/${dataset.jobs.name[job] ?? ''}`,
      }),
    )
    this.#table = new JobTable(dataset)
    this.#searches = dataset.searches.map((search, number) => new SearchSection(search, number))
    this.#filters = new FilterBar(dataset, (choice) => this.#show(choice))
    this.#reset.addEventListener('click', () => this.#window.reset())
    this.#window.onChange(() => (this.#reset.hidden = !this.#window.isZoomed))
  }

  mount(parent: HTMLElement): void {
    const gpus = this.#dataset.launchers.some((launcher) => launcher.gpus > 0) ? [this.#gpuUsage.root] : []
    parent.append(
      heading(this.#dataset),
      this.#filters.root,
      element(
        'main',
        {},
        this.#summary.root,
        section(
          'utilization',
          'Utilization',
          'Cores held by jobs, and cores offered by launchers. Drag over a period to zoom in.',
          this.#usage.root,
          ...gpus,
        ),
        section('throughput', 'Throughput', '', this.#throughputNote, this.#throughput.root),
        section(
          'nodes',
          'Nodes and jobs',
          'Each bar is an attempt of a job. Click it to find the job below.',
          this.#gantt.root,
        ),
        ...this.#searches.map(({ root }) => root),
        section(
          'times',
          'Waiting and running times',
          '',
          element('div', { class: 'halves' }, this.#queueTime.root, this.#runTime.root),
        ),
        section(
          'failures',
          'Failures',
          'Attempts that did not finish, by cause and application. Some were retried.',
          this.#failures,
        ),
        section('launchers', 'Launchers', '', this.#launchers),
        section('jobs', 'Jobs', '', this.#table.root),
      ),
      this.#reset,
      element('footer', {}, 'Made by bjob report from the jobs in the site. Removed jobs are not included.'),
    )
    this.#filters.choose({})
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#redraw())
    matchMedia('print').addEventListener('change', () => this.#redraw())
  }

  get look(): PageLook {
    const range = this.#window.isZoomed ? this.#window.range : undefined
    return lookOf(this.#dataset, this.#filters.choice, range)
  }

  restore(look: PageLook): void {
    this.#filters.choose(choiceOf(this.#dataset, look))
    if (look.range !== undefined) this.#window.zoom(look.range)
  }

  #show(choice: Choice): void {
    const chosen = choose(this.#dataset, choice)
    const figures = computeFigures(this.#dataset, isAll(choice) ? undefined : (job) => chosen[job] === 1)
    const { bins, usage, throughput } = figures
    this.#window.replace(wholeOf(this.#dataset, figures))
    this.#summary.show(this.#dataset, figures)
    const frame = { bins, origin: this.#dataset.origin }
    this.#usage.show({
      ...frame,
      unit: 'cores',
      layers: [
        { label: 'held by jobs', colour: 'running', values: usage.cores },
        { label: 'offered by launchers', colour: 'muted', isLine: true, values: usage.offeredCores },
      ],
    })
    this.#gpuUsage.show({
      ...frame,
      unit: 'GPUs',
      layers: [
        { label: 'held by jobs', colour: 'timeout', values: usage.gpus },
        { label: 'offered by launchers', colour: 'muted', isLine: true, values: usage.offeredGpus },
      ],
    })
    const per = durationText(bins.width / 1000).replace(/\.0+ s/, ' s')
    this.#throughputNote.textContent = `Jobs that ended, per ${per}.`
    this.#throughput.show({
      ...frame,
      unit: `jobs in ${per}`,
      layers: [
        { label: 'finished', colour: 'finished', values: throughput.finished },
        { label: 'failed', colour: 'failed', values: throughput.failed, isStacked: true },
        { label: 'killed', colour: 'killed', values: throughput.killed, isStacked: true },
      ],
    })
    this.#gantt.show(chosen)
    this.#queueTime.show(figures.queueTime)
    this.#runTime.show(figures.runTime)
    this.#failures.replaceChildren(
      failureTable(this.#dataset, figures.failures, (cause) => this.#filters.choose({ cause })),
    )
    this.#launchers.replaceChildren(launcherTable(this.#dataset, figures.launchers))
    this.#table.show(chosen)
  }

  #redraw(): void {
    for (const drawing of [
      this.#usage,
      this.#gpuUsage,
      this.#throughput,
      this.#gantt,
      this.#queueTime,
      this.#runTime,
      ...this.#searches,
    ])
      drawing.redraw()
  }
}

function wholeOf({ origin }: Dataset, { bins }: Figures): Range {
  const from = origin + bins.from
  return { from, to: from + bins.width * bins.count }
}

const data = document.querySelector<HTMLElement>('#data')
try {
  const page = new Page(JSON.parse(data?.textContent ?? '') as Dataset)
  page.mount(document.body)
  const look = takeLook()
  if (look !== undefined) page.restore(look)
  const seconds = Number(data?.dataset['refresh'])
  if (seconds > 0) refreshEvery(seconds, () => page.look)
} catch (error) {
  document.body.append(emptyNote(`cannot draw this report: ${String(error)}`))
  throw error
}
