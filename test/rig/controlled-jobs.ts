/**
 * The test's end of the jobs that it controls (programs/controlled-job.ts): hears of each start,
 * and says how it goes on.
 */
import net from 'node:net'
import { until } from './until.ts'

interface Hello {
  readonly id: string
  readonly attempt: number
  readonly pid: number
  readonly folder: string
  readonly args: readonly string[]
}

/** One attempt of one job, while it runs. */
export class ControlledJob {
  readonly id: string
  readonly attempt: number
  readonly pid: number
  readonly folder: string
  readonly args: readonly string[]
  readonly signals: string[] = []
  hasEnded = false
  readonly #socket: net.Socket

  constructor(hello: Hello, socket: net.Socket) {
    this.id = hello.id
    this.attempt = hello.attempt
    this.pid = hello.pid
    this.folder = hello.folder
    this.args = hello.args
    this.#socket = socket
  }

  print(text: string): this {
    return this.#tell({ print: text })
  }

  write(file: string, text: string): this {
    return this.#tell({ write: { file, text } })
  }

  /** From now on SIGTERM does not end it. */
  ignoreTerm(): this {
    return this.#tell({ ignoreTerm: true })
  }

  exit(code: number): void {
    this.#tell({ exit: code })
  }

  async ended(): Promise<void> {
    await until(`the processes of ${this.id} attempt ${this.attempt} to end`, () => this.hasEnded)
  }

  #tell(order: unknown): this {
    this.#socket.write(`${JSON.stringify(order)}\n`)
    return this
  }
}

export class ControlledJobs {
  /** Every attempt that was ever started, in order. */
  readonly started: ControlledJob[] = []
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()

  constructor(socketPath: string) {
    this.#server = net.createServer((socket) => this.#accept(socket)).listen(socketPath)
  }

  get running(): ControlledJob[] {
    return this.started.filter(({ hasEnded }) => !hasEnded)
  }

  /** Waits for the start of an attempt of a job. */
  async start(id: string, attempt = 1): Promise<ControlledJob> {
    return until(
      `the start of ${id} attempt ${attempt}`,
      () => this.started.find((job) => job.id === id && job.attempt === attempt),
      {},
      () => this.started.map((job) => `${job.id} attempt ${job.attempt}`),
    )
  }

  /** Waits until this many attempts have been started. */
  async starts(count: number): Promise<readonly ControlledJob[]> {
    return until(
      `${count} starts`,
      () => this.started.length >= count && this.started,
      {},
      () => this.started.length,
    )
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #accept(socket: net.Socket): void {
    this.#sockets.add(socket)
    let job: ControlledJob | undefined
    let rest = ''
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const message = JSON.parse(line) as Hello & { readonly signal?: string }
        if (message.signal !== undefined) job?.signals.push(message.signal)
        else this.started.push((job = new ControlledJob(message, socket)))
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      if (job !== undefined) job.hasEnded = true
    })
  }
}
