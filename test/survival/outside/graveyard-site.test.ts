/**
 * Every kind of thing in every place of a site beside its jobs, while a launcher and a reader run.
 */
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { say } from '../tally.ts'
import { Hands } from './hands.ts'
import { ODDITIES_HERE, type Oddity, lineOf } from './oddities.ts'

/** Each has a place of its own for every kind of thing, and a text that is whole. */
const PLACES: Readonly<Record<string, { readonly text?: string; readonly isTold: (oddity: Oddity) => boolean }>> = {
  'apps/NAME.yaml': { text: 'executable: "true"\n', isTold: ({ isWhole, isLink }) => !isWhole && !isLink },
  'journal/NAME.jsonl': { text: '\n', isTold: ({ isNoFile, isClosed }) => isNoFile === true || isClosed === true },
  'journal/NAME': { text: '', isTold: () => true },
  'launchers/NAME': { isTold: ({ name }) => name !== 'folder' },
  'launchers/NAME/lease.yaml': { text: 'beat: 1\npid: 1\n', isTold: ({ isWhole }) => !isWhole },
  'launchers/NAME/launcher.yaml': { text: 'nodes: [a]\n', isTold: ({ isNoFile }) => isNoFile === true },
  'submissions/NAME': { isTold: ({ name }) => name !== 'folder' },
  'submissions/NAME/submission.yaml': {
    text: 'scheduler: slurm\nnodes: 1\nminutes: 1\nsubmitted: 2026-01-01T00:00:00Z\n',
    isTold: ({ isWhole }) => !isWhole,
  },
  'trash/NAME': { isTold: () => true },
  'jobs/NAME': { isTold: ({ name }) => name !== 'folder' },
}

interface Grave {
  readonly file: string
  readonly oddity: Oddity
  readonly isTold: boolean
}

function dig(hands: Hands, oddity: Oddity, file: string): string {
  return lineOf(oddity, file, { neighbour: path.join(hands.rig.site, 'apps/yes.yaml'), outside: hands.precious })
}

/** Puts every kind of thing into every place of its own. */
function digAll(hands: Hands): Grave[] {
  const graves: Grave[] = []
  for (const [place, { text, isTold }] of Object.entries(PLACES))
    for (const oddity of ODDITIES_HERE) {
      // A missing entry is not missed; a change needs an existing one.
      const isMade = oddity.make.startsWith('rm ')
      if (oddity.name === 'missing' || (text === undefined && !isMade)) continue
      const file = path.join(hands.rig.site, place.replace('NAME', `odd-${oddity.name}-${path.extname(place).length}`))
      fs.mkdirSync(path.dirname(file), { recursive: true })
      if (text !== undefined) fs.writeFileSync(file, text)
      graves.push({ file, oddity, isTold: isTold(oddity) })
    }
  hands.give(hands.rig.site)
  hands.shell(graves.map(({ file, oddity }) => dig(hands, oddity, file)).join('\n'))
  return graves
}

async function spawnAndWait(hands: Hands, id: string): Promise<void> {
  await hands.spawn({ [id]: 'true' })
  await hands.rig.reached(id, 'JOB_FINISHED')
}

describe('every kind of thing beside the jobs', () => {
  test('in places of its own', async () => {
    await using hands = await Hands.create()
    const { launcher, reader } = await hands.launchAndFollow()
    await spawnAndWait(hands, 'good/before')
    const graves = digAll(hands)
    for (const words of [['ls'], ['ls', 'launchers'], ['ls', 'apps'], ['ls', 'workflows'], ['rm', '--purge']])
      await hands.done(words)
    await spawnAndWait(hands, 'good/after')
    const { stdout: found, stderr } = await hands.run(['fsck', '--json'])
    expect(stderr).toBe('')
    const untold = graves.filter(({ file, isTold }) => {
      const name = path.relative(hands.rig.site, file)
      const names = [name, path.dirname(name)].map((one) => `"path":${JSON.stringify(one)}`)
      return isTold && !names.some((text) => found.includes(text))
    })
    expect(untold.map(({ file }) => path.relative(hands.rig.site, file))).toEqual([])
    expect([0, 3]).toContain((await hands.run(['fsck', '--repair'])).status)
    await hands.goodAreDelivered(reader, ['good/before', 'good/after'])
    await hands.finish(launcher, reader)
    say(`GRAVEYARD: ${graves.length} beside the jobs`)
  })

  test('in the place of bjob.yaml: one line, and a launcher that goes on', async () => {
    await using hands = await Hands.create()
    const { launcher, reader } = await hands.launchAndFollow()
    for (const oddity of ODDITIES_HERE) {
      const back = hands.setAside('bjob.yaml')
      hands.shell(dig(hands, oddity, path.join(hands.rig.site, 'bjob.yaml')))
      const { status, stderr } = await hands.run(['ls'])
      // A site's settings may be a link, and no settings are settings.
      const isFine = oddity.isWhole === true || oddity.name === 'empty' || oddity.name === 'link-in'
      if (isFine) expect([oddity.name, [0, 2].includes(status ?? -1)]).toEqual([oddity.name, true])
      else
        expect([oddity.name, status, stderr]).toEqual([
          oddity.name,
          expect.toBeOneOf([2, 3]),
          expect.stringMatching(/bjob\.yaml/),
        ])
      back()
    }
    await spawnAndWait(hands, 'good/after')
    await hands.finish(launcher, reader)
  })

  test('in the place of what is kept of the journal: all is as it was', async () => {
    await using hands = await Hands.create()
    const { launcher, reader } = await hands.launchAndFollow()
    await spawnAndWait(hands, 'good/before')
    await hands.done(['fsck', '--repair'])
    for (const oddity of ODDITIES_HERE) {
      const backs = ['README', 'all.snapshot', 'live.snapshot'].map((name) => {
        const back = hands.setAside(`journal/${name}`)
        hands.shell(dig(hands, oddity, path.join(hands.rig.site, 'journal', name)))
        return back
      })
      expect([oddity.name, await hands.run(['ls', '--fields', 'id'])]).toMatchObject([
        oddity.name,
        { status: 0, stdout: 'ID\ngood/before\ngood/first\n' },
      ])
      for (const back of backs) back()
    }
    await spawnAndWait(hands, 'good/after')
    await hands.goodAreDelivered(reader, ['good/before', 'good/after'])
    await hands.finish(launcher, reader)
  })

  test.each(['jobs', 'journal', 'launchers', 'submissions', 'trash', 'apps'])(
    'in the place of %s/: one line, and all goes on when it is back',
    async (folder) => {
      await using hands = await Hands.create()
      const { launcher, reader } = await hands.launchAndFollow()
      await hands.spawn({ 'w/removed': 'true' })
      await hands.done(['rm', 'w/removed'])
      fs.mkdirSync(path.join(hands.rig.site, 'submissions'), { recursive: true })
      for (const oddity of ODDITIES_HERE) {
        const back = hands.setAside(folder)
        // The launcher may be faster and make the folder again.
        hands.shell(`(${dig(hands, oddity, path.join(hands.rig.site, folder))}) || true`)
        const { status, stderr } = await hands.run(['spawn', '--app', 'yes', '--workflow', 'w', '--name', oddity.name])
        expect([oddity.name, status]).toEqual([oddity.name, expect.toBeOneOf([0, 2, 3])])
        if (status !== 0) expect([oddity.name, stderr.split('\n').length]).toEqual([oddity.name, 3])
        expect(stderr).not.toContain('unexpected')
        back()
      }
      await spawnAndWait(hands, 'good/after')
      await hands.goodAreDelivered(reader, ['good/after'])
      await hands.finish(launcher, reader)
    },
  )
})
