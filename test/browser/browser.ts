/**
 * Debian's chromium, driven by playwright-core: pages from disk, each watched for errors and for
 * requests that it must not make.
 */
import { pathToFileURL } from 'node:url'
import { type BrowserContext, type Page, type Browser as Program, chromium } from 'playwright-core'
import { CHROMIUM } from '../rig/needs.ts'

const SWITCHES = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** How a reader looks at it. */
export interface View {
  readonly scheme?: 'light' | 'dark'
  readonly width?: number
}

/** One for all tests, in a profile of its own; it ends with the process that started it. */
let program: Promise<Program> | undefined

export async function endBrowser(): Promise<void> {
  await (await program)?.close()
}

/** A reader, who has never been here. */
export class Browser implements AsyncDisposable {
  readonly #context: BrowserContext
  /** The errors of all pages. */
  readonly complaints: string[] = []

  private constructor(context: BrowserContext) {
    this.#context = context
  }

  static async start({ scheme = 'light', width = 1280 }: View = {}): Promise<Browser> {
    program ??= chromium.launch({ ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }), args: SWITCHES })
    return new Browser(await (await program).newContext({ colorScheme: scheme, viewport: { width, height: 900 } }))
  }

  /** Opens a file, and waits until it has drawn itself. */
  async open(file: string): Promise<Page> {
    const page = await this.#context.newPage()
    page.on('console', (message) => {
      const isOfTest = message.text().includes('getImageData')
      if (['error', 'warning'].includes(message.type()) && !isOfTest) this.complaints.push(`console: ${message.text()}`)
    })
    page.on('pageerror', (error) => this.complaints.push(`error: ${error.message}`))
    page.on('request', (request) => {
      const url = request.url()
      if (url !== pathToFileURL(file).href && !url.startsWith('data:')) this.complaints.push(`request: ${url}`)
    })
    await page.goto(pathToFileURL(file).href)
    await page.locator('#job-count').waitFor()
    return page
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close()
  }
}

/** How many CSS pixels the page is wider than its window. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')
}

/** The number of different colours on a canvas: nothing drawn has one. */
export async function countColours(page: Page, selector: string): Promise<number> {
  return page.evaluate<number>(`(() => {
    const canvas = document.querySelector(${JSON.stringify(selector)})
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    return new Set(new Uint32Array(data.buffer)).size
  })()`)
}
