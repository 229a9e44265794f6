import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { loginEnvironment } from '../rig/environment.mjs'
import { Rig } from '../rig/rig.ts'
import { until } from '../rig/until.ts'

type Message = Readonly<Record<string, unknown>>

const COMMAND = path.resolve(import.meta.dirname, '../../bin/bjob.js')

/** The driver's end of a session. */
class Driver implements AsyncDisposable {
  readonly messages: Message[] = []
  readonly #child: ChildProcess
  readonly #exit: Promise<number | null>
  #rest = ''

  constructor(rig: Rig) {
    this.#child = spawn(process.execPath, [COMMAND, 'session'], {
      cwd: rig.site,
      env: loginEnvironment(),
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child.stdin?.on('error', () => {})
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) this.messages.push(JSON.parse(line) as Message)
    })
    this.#exit = new Promise((resolve) => this.#child.once('close', resolve))
  }

  get ends(): Message[] {
    return this.messages.filter((message) => 'of' in message)
  }

  tell(...requests: readonly (Message | string)[]): void {
    this.#child.stdin?.write(
      requests.map((request) => `${typeof request === 'string' ? request : JSON.stringify(request)}\n`).join(''),
    )
  }

  async reply(id: number | string | null): Promise<Message> {
    return until(
      `the reply to ${id}`,
      () => this.messages.find((message) => message['id'] === id),
      {},
      () => this.messages,
    )
  }

  async ok(request: Message & { readonly id: number }): Promise<unknown> {
    this.tell(request)
    const reply = await this.reply(request.id)
    expect(reply).not.toHaveProperty('error')
    return reply['ok']
  }

  async seen(count: number): Promise<Message[]> {
    return until(
      `${count} ends`,
      () => this.ends.length >= count && this.ends,
      {},
      () => this.messages,
    )
  }

  /** @returns the exit status */
  async end(): Promise<number | null> {
    this.#child.stdin?.end()
    return this.#exit
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}

const job = (name: string, application = 'controlled'): Message => ({ name, workflow: 'w', application })

describe('bjob session', () => {
  test('spawns, looks up, reads, kills and hears of ends', async () => {
    await using rig = await Rig.create()
    await using driver = new Driver(rig)
    expect(await driver.ok({ op: 'ping', id: 1 })).toEqual({ protocol: 1, site: rig.site, job: null })
    fs.writeFileSync(path.join(rig.outside, 'a.dat'), 'input')
    const asked = { ...job('a'), input_files: 'a.dat', args: 'a.dat' }
    expect(await driver.ok({ op: 'spawn', id: 2, job: asked, folder: rig.outside })).toEqual({
      id: 'w/a',
      new: true,
      dir: rig.folder('w/a'),
    })
    expect(await driver.ok({ op: 'get', id: 3, job: 'w/a' })).toMatchObject({
      id: 'w/a',
      state: 'CREATED',
      args: ['a.dat'],
    })
    expect(await driver.ok({ op: 'read', id: 4, job: 'w/a', file: 'a.dat' })).toEqual({ content: 'input' })
    driver.tell({ op: 'results', id: 'ends' })
    const launcher = await rig.launch()
    const a = await rig.jobs.start('w/a')
    a.write('result.dat', '{"y": 2}').exit(0)
    const [first] = await driver.seen(1)
    expect(first).toMatchObject({
      of: 'ends',
      end: { id: 'w/a', state: 'JOB_FINISHED', content: '{"y": 2}', result: { y: 2 } },
    })
    await driver.ok({ op: 'spawn', id: 5, job: job('b') })
    await rig.jobs.start('w/b')
    expect(await driver.ok({ op: 'kill', id: 6, job: 'w/b' })).toEqual({ kind: 'killed', id: 'w/b' })
    expect((await driver.seen(2))[1]).toMatchObject({ end: { id: 'w/b', state: 'USER_KILLED' } })
    expect(
      await driver.ok({ op: 'query', id: 7, filter: { workflow: 'w' }, exclude: { state: ['USER_KILLED'] } }),
    ).toMatchObject([{ id: 'w/a' }])
    expect(await driver.ok({ op: 'query', id: 8, filter: { id: [] } })).toEqual([])
    await driver.ok({ op: 'stop', id: 9, of: 'ends' })
    expect(await driver.reply('ends')).toEqual({ id: 'ends', ok: { ends: 2 } })
    expect(await driver.ok({ op: 'close', id: 10 })).toBeNull()
    expect(await driver.end()).toBe(0)
    await launcher.kill('SIGTERM')
  })

  test('looks jobs up by the conditions of the library, and changes them', async () => {
    await using rig = await Rig.create()
    await using driver = new Driver(rig)
    await driver.ok({ op: 'spawn', id: 1, job: { ...job('Alpha'), tags: { k: 'v' }, data: { loss: 1.5 } } })
    await driver.ok({ op: 'spawn', id: 2, job: { ...job('beta'), parents: ['w/Alpha'], tags: { k: 'u' } } })
    const query = async (more: Message): Promise<unknown> => {
      const found = await driver.ok({ op: 'query', id: 100 + driver.messages.length, ...more })
      return (found as { readonly id: string }[]).map(({ id }) => id)
    }
    expect(await query({ filter: { name: { icontains: 'ALPH' } } })).toEqual(['w/Alpha'])
    expect(await query({ filter: { parents: { icontains: 'alpha' } } })).toEqual(['w/beta'])
    expect(await query({ filter: { parents: 'w/A*' }, exclude: { data: { loss: 2 } } })).toEqual(['w/beta'])
    expect(await query({ filter: { data: { loss: 1.5 } } })).toEqual(['w/Alpha'])
    expect(await query({ exclude: [{ data: { loss: 1.5 }, name: 'beta' }, { tags: { k: ['u', 'x'] } }] })).toEqual([
      'w/Alpha',
    ])
    driver.tell({ op: 'query', id: 8, filter: { tags: { k: 'u' }, tag: 'k' } })
    expect(await driver.reply(8)).toMatchObject({ error: { code: 'bad-request', field: 'tag' } })
    expect(await query({ filter: { tag: 'k=*' } })).toEqual(['w/Alpha', 'w/beta'])
    expect(await driver.ok({ op: 'set', id: 3, job: 'w/beta', fields: { priority: 3, data: [1] } })).toEqual({
      id: 'w/beta',
      kind: 'done',
      message: 'priority, data set',
    })
    expect(await driver.ok({ op: 'get', id: 4, job: 'w/beta' })).toMatchObject({ priority: 3 })
    expect(await driver.ok({ op: 'kill', id: 5, job: 'w/Alpha', recursive: true })).toEqual([
      { kind: 'killed', id: 'w/beta' },
      { kind: 'killed', id: 'w/Alpha' },
    ])
    expect(await driver.ok({ op: 'retry', id: 6, job: 'w/Alpha' })).toMatchObject({ kind: 'done' })
    expect(await driver.ok({ op: 'remove', id: 7, job: 'w/beta' })).toMatchObject({ kind: 'done' })
    expect(rig.ids()).toEqual(['w/Alpha'])
  })

  test('tells of what is wrong with a line, and goes on', async () => {
    await using rig = await Rig.create()
    await using driver = new Driver(rig)
    driver.tell(
      'no JSON',
      '[1]',
      { op: 'spwan', id: 3 },
      { op: 'spawn', id: 4, jobb: {} },
      { op: 'get', id: 5, job: 'w/none' },
      { op: 'ack', of: 9 },
    )
    driver.tell(
      { op: 'spawn', id: 6, job: { ...job('x'), num_nodes: 0, argz: '' } },
      { op: 'spawn', id: 7, job: job('good') },
    )
    expect(await driver.reply(3)).toMatchObject({
      error: { code: 'bad-request', message: 'unknown op "spwan"; did you mean spawn?', line: 3 },
    })
    expect(await driver.reply(4)).toMatchObject({ error: { code: 'bad-request', field: 'jobb' } })
    expect(await driver.reply(5)).toMatchObject({ error: { code: 'unknown-job' } })
    expect(await driver.reply(6)).toMatchObject({
      error: { code: 'bad-field', message: expect.stringMatching(/argz.*num_nodes/) as unknown },
    })
    expect(await driver.reply(7)).toMatchObject({ ok: { id: 'w/good', new: true } })
    expect(driver.messages.filter(({ id }) => id === null).map(({ error }) => (error as Message)['code'])).toEqual([
      'bad-json',
      'bad-request',
      'bad-request',
    ])
    expect(rig.ids()).toEqual(['w/good'])
    expect(await driver.end()).toBe(0)
  })

  test('makes what arrives together together; each is made or refused by itself', async () => {
    await using rig = await Rig.create()
    const lines = Array.from({ length: 500 }, (_, at) => ({
      op: 'spawn',
      id: at,
      job: job(`n${at === 300 ? 7 : at}`, at === 123 ? 'none' : 'yes'),
    }))
    const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
    const replies = (await rig.done(['session'], { input }))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Message)
    expect(replies).toHaveLength(500)
    const refused = replies.filter((reply) => 'error' in reply)
    expect(refused).toMatchObject([
      { id: 123, error: { code: 'unknown-application' } },
      { id: 300, error: { code: 'name-taken' } },
    ])
    expect(rig.ids()).toHaveLength(498)
    // Asked again, as after a crash: what is there is taken.
    const again = lines
      .filter(({ id }) => id !== 123)
      .map((line) => `${JSON.stringify({ ...line, if_exists: 'reuse' })}\n`)
      .join('')
    const taken = (await rig.done(['session'], { input: again }))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { ok: Message })
    expect(taken.filter(({ ok }) => ok['new'] === false)).toHaveLength(499)
    // A group of spawns is one flush of the journal: few lines say that hundreds are done.
    const journal = fs
      .readdirSync(path.join(rig.site, 'journal'))
      .map((name) => fs.readFileSync(path.join(rig.site, 'journal', name), 'utf8'))
      .join('')
    expect(journal.split('\n').filter((line) => line.includes('"done"')).length).toBeLessThan(100)
  })

  test('takes up an edited bjob.yaml', async () => {
    await using rig = await Rig.create()
    await using driver = new Driver(rig)
    await driver.ok({ op: 'ping', id: 1 })
    fs.appendFileSync(path.join(rig.site, 'bjob.yaml'), 'defaults: {priority: 7}\n')
    for (let id = 2, priority; priority !== 7; id += 2) {
      await driver.ok({ op: 'spawn', id, job: job(`n${id}`) })
      const made = (await driver.ok({ op: 'get', id: id + 1, job: `w/n${id}` })) as { readonly priority: number }
      expect([0, 7]).toContain((priority = made.priority))
    }
    await driver.ok({ op: 'close', id: 0 })
  })

  test('killed with -9, hands out each end once to a driver that acknowledges', async () => {
    await using rig = await Rig.create()
    const names = Array.from({ length: 12 }, (_, at) => `j${at}`)
    const request = { op: 'results', id: 1, cursor: path.join(rig.outside, 'cursor'), acknowledge: true }
    await rig.done(['session'], {
      input: names.map((name, id) => `${JSON.stringify({ op: 'spawn', id, job: job(name, 'yes') })}\n`).join(''),
    })
    await rig.done(['launch', '--idle-seconds', '0.2'])
    const handled: string[] = []
    let previous: string | undefined
    for (let round = 0; round < 4; round++) {
      await using driver = new Driver(rig)
      driver.tell(request)
      for (let count = 1; count <= 4 && handled.length < names.length; count++) {
        const end = (await driver.seen(count))[count - 1]?.['end'] as Message
        // Unacknowledged results are repeated first.
        if (count === 1 && previous !== undefined) expect(end['id']).toBe(previous)
        // One at a time: the next one waits for the acknowledgement.
        expect(driver.ends).toHaveLength(count)
        previous = String(end['id'])
        if (count === 4) break
        handled.push(previous)
        driver.tell({ op: 'ack', of: 1 })
        // Its reply comes after the acknowledgement was taken in, and the next end after that.
        if (handled.length < names.length) await driver.seen(count + 1)
      }
      if (handled.length === names.length) expect(await driver.end()).toBe(0)
      else await driver.kill()
    }
    expect(handled.toSorted()).toEqual(names.map((name) => `w/${name}`).toSorted())
  })
})
