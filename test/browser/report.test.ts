/**
 * The page of `bjob report` in a real browser: what it shows is what is in the tree, and it does
 * what a reader expects.
 */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, describe, expect, test } from 'vitest'
import { needs } from '../rig/needs.ts'
import { Rig } from '../rig/rig.ts'
import { Browser, countColours, endBrowser, overflow } from './browser.ts'
import { fillSite } from './synthetic-site.ts'

const VIEWS = [
  { scheme: 'light', width: 1280 },
  { scheme: 'dark', width: 1280 },
  { scheme: 'light', width: 375 },
  { scheme: 'dark', width: 375 },
] as const

async function makePage(rig: Rig): Promise<string> {
  await rig.done(['report'])
  return path.join(rig.site, 'report.html')
}

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).textContent()) ?? ''
}

/** The texts of a column of the table, of the rows that are there. */
async function column(page: Page, at: number): Promise<string[]> {
  return page.locator(`.jobs tbody tr:not(.filler-row) td:nth-child(${at})`).allTextContents()
}

function countStates(rig: Rig): Map<string, number> {
  const counts = new Map<string, number>()
  for (const id of rig.ids()) counts.set(rig.state(id).state, (counts.get(rig.state(id).state) ?? 0) + 1)
  return counts
}

describe('the page of a report', needs('chromium'), () => {
  afterAll(endBrowser)

  test('of 50 jobs that ran says what their folders say, and each row leads to its folder', async () => {
    await using rig = await Rig.create()
    const words = Array.from({ length: 49 }, (_, index) => ({
      name: `task${index}`,
      workflow: index % 2 === 0 ? 'even' : 'odd%20',
      application: index % 7 === 3 ? 'no' : 'yes',
    }))
    const markup = '</script><script>document.title="hacked"</script><img src=x onerror=\'document.title="hacked"\'>'
    rig.addApplication('hostile', `executable: [${JSON.stringify(markup)}]\n`)
    const records = [...words, { name: 'hostile', workflow: 'even', application: 'hostile' }]
    await rig.done(['spawn', '--from', '-'], { input: records.map((record) => JSON.stringify(record)).join('\n') })
    await rig.done(['launch', '--slots', '2', '--idle-seconds', '0.5', '--quiet'])
    const counts = countStates(rig)
    const file = await makePage(rig)

    await using browser = await Browser.start()
    const page = await browser.open(file)
    expect(await textOf(page, '#tile-jobs strong')).toBe('50')
    expect(await textOf(page, '#tile-jobs small')).toBe(
      `${counts.get('JOB_FINISHED')} finished, ${counts.get('FAILED')} failed`,
    )
    for (const [state, count] of counts)
      expect(await textOf(page, `.chip[data-state=${state}]`)).toBe(`${state}${count}`)
    expect((await column(page, 1)).length).toBeGreaterThan(20)

    // A click on a state, and all figures are of its jobs.
    await page.locator('.chip[data-state=FAILED]').click()
    expect(await textOf(page, '#job-count')).toBe(`${counts.get('FAILED')} of 50 jobs`)
    expect(await textOf(page, '#tile-jobs strong')).toBe(String(counts.get('FAILED')))
    const failed = rig.ids().filter((id) => rig.state(id).state === 'FAILED')
    expect((await column(page, 1)).toSorted()).toEqual(failed.toSorted())
    expect(new Set(await column(page, 2))).toEqual(new Set(['FAILED']))

    // The cause is told as it is, and harms nobody.
    expect(await textOf(page, '#failures')).toContain('</script><script>')
    expect(await page.title()).toBe('site: bjob report')
    const figures = JSON.parse(await rig.done(['report', '--json'])) as {
      runs: number
      failures: { cause: string; jobs: number }[]
    }
    const [most] = figures.failures
    expect(most?.cause).toMatch(/^exit 3/)
    await page.locator('#failures button.link').first().click()
    expect(await column(page, 1)).toHaveLength(most?.jobs ?? 0)
    await page.locator('.clear').click()
    expect(await textOf(page, '#job-count')).toBe('50 jobs')

    // Words, wherever they stand in an id; and the workflow.
    await page.locator('#search').fill('odd TASK1')
    await page.locator('#job-count', { hasText: 'of 50' }).waitFor()
    const meant = rig.ids().filter((id) => id.startsWith('odd%20/task1'))
    expect((await column(page, 1)).toSorted()).toEqual(meant.toSorted())
    const link = await page.evaluate<string>("document.querySelector('.jobs tbody a').href")
    expect(fs.existsSync(path.join(fileURLToPath(link), 'state.yaml'))).toBe(true)
    expect(link).toContain('odd%2520')
    await page.locator('#search').fill('nothing like that')
    await page.locator('#jobs .empty', { hasText: 'no job matches' }).waitFor()
    expect(await textOf(page, '#tile-jobs strong')).toBe('0')
    await page.locator('.clear').click()
    await page.locator('#workflow').selectOption('even')
    expect(await textOf(page, '#job-count')).toBe('26 of 50 jobs')
    await page.locator('.clear').click()

    // Each run took one of two cores.
    expect(await textOf(page, '#tile-runs strong')).toBe(String(figures.runs))
    expect(await countColours(page, '#utilization canvas')).toBeGreaterThan(2)
    expect(await countColours(page, '#throughput canvas')).toBeGreaterThan(2)
    expect(await countColours(page, '.gantt canvas')).toBeGreaterThan(2)
    expect(await page.locator('[id^=search-]').count()).toBe(0)

    // The pointer over a bar of the chart tells whose it is, and a click finds it.
    const bar = await page.evaluate<{ x: number; y: number }>(`(() => {
      const canvas = document.querySelector('.gantt canvas')
      const context = canvas.getContext('2d')
      const blue = getComputedStyle(document.documentElement).getPropertyValue('--finished').trim()
      const row = context.getImageData(0, 4, canvas.width, 1).data
      const hex = (at) => '#' + [0, 1, 2].map((part) => row[4 * at + part].toString(16).padStart(2, '0')).join('')
      for (let x = 0; x < canvas.width; x++) if (hex(x) === blue && hex(x + 2) === blue) return { x: x + 1, y: 4 }
    })()`)
    await page.locator('.gantt canvas').click({ position: bar })
    expect(await textOf(page, '.tip')).toMatch(/(even|odd%20)\/task\d+finished after/)
    const [found] = await column(page, 1)
    expect(await textOf(page, '.tip')).toContain(found)
    expect(browser.complaints).toEqual([])
  })

  test.each(VIEWS)('fits, in $scheme and $width pixels wide, with no jobs, with some, and on paper', async (view) => {
    await using rig = await Rig.create()
    await using browser = await Browser.start(view)
    const empty = await browser.open(await makePage(rig))
    expect(await textOf(empty, '#jobs')).toContain('no jobs yet')
    expect(await textOf(empty, '#nodes')).toContain('nothing has run yet')
    expect(await textOf(empty, '#launchers')).toContain('no launchers yet')
    expect(await textOf(empty, '#failures')).toContain('nothing failed')
    expect(await overflow(empty)).toBe(0)

    await fillSite(rig.site, 300, true)
    const page = await browser.open(await makePage(rig))
    expect(await overflow(page)).toBe(0)
    const cut = `[...document.querySelectorAll('.jobs td')].filter((cell) => cell.scrollWidth > cell.clientWidth).length`
    expect(await page.evaluate<number>(cut)).toBe(0)
    const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    const [red = 0] = /\d+/.exec(ground)?.map(Number) ?? []
    expect(red < 128).toBe(view.scheme === 'dark')
    await page.emulateMedia({ media: 'print' })
    expect(await page.evaluate<string>('getComputedStyle(document.body).colorScheme')).toBeDefined()
    expect(await page.locator('.filters').isVisible()).toBe(false)
    expect((await page.pdf({ format: 'A4' })).byteLength).toBeGreaterThan(20_000)
    expect(browser.complaints).toEqual([])
  })

  test('that is made again while jobs run shows itself anew, as its reader had set it', async () => {
    await using rig = await Rig.create()
    const spawn = (name: string): Promise<string> =>
      rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', name])
    await spawn('one')
    await spawn('other')
    await rig.done(['launch', '--idle-seconds', '0.1'])
    const watch = rig.start(['report', '--watch'])
    await rig.until('the page to be told', () => watch.stderr.includes('report.html, made again'))
    await using browser = await Browser.start()
    const page = await browser.open(path.join(rig.site, 'report.html'))
    await page.locator('#search').fill('one')
    await expect.poll(async () => textOf(page, '#tile-jobs strong')).toBe('1')
    await spawn('one-more')
    await rig.done(['launch', '--idle-seconds', '0.1'])
    await expect.poll(async () => textOf(page, '#tile-jobs strong'), { timeout: 60_000 }).toBe('2')
    expect(await page.locator('#search').inputValue()).toBe('one')
    expect(browser.complaints).toEqual([])
    await watch.kill('SIGTERM')
  })

  test('of a search shows each evaluation, the best, and what matters', async () => {
    await using rig = await Rig.create()
    // A field of a file of another name: what the search was told stands in its jobs.
    const script = `sed -E 's/.*"a":([-+0-9.e]+).*/{"steps": 7, "error": \\1}/' "$1" > out.json`
    rig.addApplication('value', `executable: [/bin/sh, -c, ${JSON.stringify(script)}, job]\n`)
    const hostile = '</script><b>'
    const space = {
      parameters: { a: { type: 'float', low: 1, high: 5 }, b: { choices: ['x', hostile] } },
      objective: 'error',
    }
    fs.writeFileSync(path.join(rig.site, 'space.yaml'), JSON.stringify(space))
    const launcher = await rig.launch()
    await rig.done([
      'tune',
      'space.yaml',
      '--application',
      'value',
      '--file',
      'out.json',
      '--evals',
      '8',
      '--parallel',
      '2',
    ])
    await launcher.kill('SIGTERM')
    const { searches } = JSON.parse(await rig.done(['report', '--json'])) as {
      searches: { workflow: string; history: { value: number; best: number }[] }[]
    }
    const values = rig
      .ids()
      .map((id) => JSON.parse(fs.readFileSync(path.join(rig.folder(id), 'out.json'), 'utf8')) as { error: number })
      .map(({ error }) => error)
    expect(searches[0]?.history.at(-1)?.best).toBe(Math.min(...values))
    await using browser = await Browser.start()
    const page = await browser.open(await makePage(rig))
    const text = await textOf(page, '#search-0')
    expect(text).toContain('8 evaluations with a value')
    const best = Number(/the best error is (\S+) /.exec(text)?.[1])
    expect(best).toBeCloseTo(Math.min(...values), 2)
    expect(await page.locator('#search-0 canvas').count()).toBe(4)
    for (const part of await page.locator('#search-0 .slices canvas').all()) expect(await part.isVisible()).toBe(true)
    expect(await countColours(page, '#search-0 .scroll-x canvas')).toBeGreaterThan(3)
    expect(browser.complaints).toEqual([])
  })

  test.each([
    [5000, true],
    [100_000, false],
  ])('of %d jobs has all of them, at hand', async (count, hasFolders) => {
    await using rig = await Rig.create()
    const made = await fillSite(rig.site, count, hasFolders)
    const file = await makePage(rig)
    await using browser = await Browser.start()
    const page = await browser.open(file)
    const all = count.toLocaleString('en-US')
    expect(await textOf(page, '#job-count')).toBe(`${all} jobs`)
    for (const [state, jobs] of Object.entries(made.states))
      expect(await textOf(page, `.chip[data-state=${state}]`)).toBe(`${state}${jobs.toLocaleString('en-US')}`)
    // 64 cores for a day.
    const share = (100 * made.coreSeconds) / (64 * 86_400)
    expect(await textOf(page, '#tile-utilization strong')).toBe(`${share.toFixed(0)} %`)
    const figures = JSON.parse(await rig.done(['report', '--json'])) as {
      utilization: { core_seconds: number; offered_core_seconds: number }
    }
    expect(figures.utilization.core_seconds).toBeCloseTo(made.coreSeconds, 1)
    expect(figures.utilization.offered_core_seconds).toBeCloseTo(64 * 86_400, 0)

    // Few rows are made, whichever are seen; the last is at the end.
    expect((await column(page, 1)).length).toBeLessThan(80)
    await page.evaluate("document.querySelector('.job-scroller').scrollTop = 1e9")
    const last = `sweep4/task${count - 1}`
    await page.locator('.jobs a', { hasText: last }).waitFor()
    expect((await column(page, 1)).at(-1)).toBe(last)
    expect((await column(page, 1)).length).toBeLessThan(80)

    // Sorted by a click, and the other way round by the next.
    const heading = page.locator('.jobs th[data-key=ran]')
    await heading.locator('button').click()
    expect(await heading.getAttribute('aria-sort')).toBe('ascending')
    await heading.locator('button').click()
    expect(await heading.getAttribute('aria-sort')).toBe('descending')
    expect((await column(page, 1))[0]).toBe(made.longest)

    // Words find one among all.
    await page.locator('#search').fill(`task${count - 7}`)
    await page.locator('#job-count', { hasText: `of ${all} jobs` }).waitFor()
    expect(await column(page, 1)).toEqual([`sweep${(count - 7) % 5}/task${count - 7}`])
    await page.locator('#search').fill('')
    await page.locator('#job-count', { hasText: new RegExp(`^${all} jobs$`) }).waitFor()
    await page.locator('.chip[data-state=FAILED]').click()
    expect(await textOf(page, '#tile-jobs strong')).toBe((made.states['FAILED'] ?? 0).toLocaleString('en-US'))
    await page.locator('.clear').click()

    // Drawing over a chart looks closer, in all charts over time.
    await page.locator('#utilization .u-over').scrollIntoViewIfNeeded()
    const box = await page.locator('#utilization .u-over').boundingBox()
    if (box === null) throw new Error('there is no chart')
    await page.mouse.move(box.x + box.width * 0.2, box.y + 40)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.4, box.y + 40, { steps: 4 })
    await page.mouse.up()
    await page.locator('.reset').click()
    expect(await page.locator('.reset').isVisible()).toBe(false)
    expect(browser.complaints).toEqual([])
  })
})
