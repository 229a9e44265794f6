/** `bjob watch`: shows live progress on one screen. */
import { sleep } from '../../lib/sleep.ts'
import { watchJournal } from '../../site/follow/journal-watch.ts'
import type { Site } from '../../site/site.ts'
import type { Command, Session } from '../command/command.ts'
import { FILTER_HELP, FILTER_OPTIONS, filterOf, filterText } from '../arguments/filter-options.ts'
import { Output } from '../command/list-output.ts'
import { ProgressLine } from '../terminal/progress-line.ts'
import { Screen } from '../terminal/screen.ts'
import { stopSignal } from '../terminal/stop-signal.ts'
import { lineText, renderWatch } from '../watch/render-watch.ts'
import { SiteWatcher } from '../watch/site-watcher.ts'
import { type WatchModel, buildModel } from '../watch/watch-model.ts'

/** Redraw interval for clocks. */
const REDRAW_MS = 1000
/** Minimum time between redraws. */
const LEAST_MS = 250
const LAUNCHERS_MS = 3000
/** In raw mode, Ctrl-C is an ordinary key. */
const QUIT_KEYS = ['q', 'Q', '\u0003']
/** Without a terminal, the height is unlimited. */
const PLAIN = { width: 100, height: 60 }

export const watchCommand: Command = {
  words: '[ID…]',
  about: `Shows jobs by state, launchers with their free resources and remaining time, throughput, recent failures with the last
line of their output, and the estimated end. The screen is updated until q or Ctrl-C. The cost depends on the number
of changes, not of jobs. Without a terminal, prints the current state once. ${FILTER_HELP}`,
  options: [...FILTER_OPTIONS, { name: 'json', summary: 'print the current state as JSON and exit' }],
  examples: [
    ['bjob watch', 'watch the whole site'],
    ['bjob watch --workflow dl-hps', 'watch one workflow'],
    ['bjob watch --json | jq .estimated_end', 'print one figure for a program'],
  ],
  async run(input, session) {
    const { site } = await session.open()
    const filter = filterOf(input)
    const output = new Output(input, session.terminal)
    // With 100,000 jobs, reading takes a moment.
    const reading = new ProgressLine(session.terminal, output.isText, (text) => session.terminal.writeLater(text))
    reading.show(() => 'reading the journal')
    const watcher = await SiteWatcher.open(site, filter).finally(() => reading.end())
    const look = async (): Promise<WatchModel> =>
      buildModel(
        site.layout.root,
        filterText(filter),
        watcher.tally,
        watcher.launchers,
        await watcher.readFailures(),
        Date.now(),
      )
    if (output.isJson || !session.terminal.isInteractive) {
      await watcher.readLaunchers()
      const model = await look()
      if (output.isJson) return output.json(model)
      const lines = renderWatch(model, PLAIN.width, PLAIN.height)
      return session.terminal.write(lines.map((line) => `${lineText(line).trimEnd()}\n`).join(''))
    }
    await showScreen(site, watcher, look, session)
  },
}

async function showScreen(
  site: Site,
  watcher: SiteWatcher,
  look: () => Promise<WatchModel>,
  { terminal }: Session,
): Promise<void> {
  const quit = new AbortController()
  const over = AbortSignal.any([quit.signal, stopSignal()])
  let model: WatchModel | undefined
  const draw = (): void => {
    if (model === undefined) return
    const { width, height } = screen.size
    const lines = renderWatch(model, width, height)
    screen.draw(
      lines.map((line) =>
        line.map(([text, colour]) => (colour === undefined ? text : terminal.paint(colour, text))).join(''),
      ),
    )
  }
  const screen = new Screen(terminal, {
    onKeys: (keys) => {
      if (QUIT_KEYS.some((key) => keys.includes(key))) quit.abort()
    },
    onResize: draw,
  })
  try {
    await using watch = await watchJournal(site)
    let isNews = true
    const waitForNews = async (): Promise<void> => {
      await watch.next(over)
      isNews = true
    }
    let news = waitForNews()
    let launchersAt = -Infinity
    while (!over.aborted) {
      const now = performance.now()
      if (isNews) {
        isNews = false
        await watcher.readNews()
      }
      if (now - launchersAt >= LAUNCHERS_MS) {
        launchersAt = now
        await watcher.readLaunchers()
      }
      model = await look()
      draw()
      await sleep(LEAST_MS, over)
      if (!isNews) await Promise.race([news, sleep(REDRAW_MS - LEAST_MS, over)])
      if (isNews) news = waitForNews()
    }
  } finally {
    await screen.close()
  }
}
