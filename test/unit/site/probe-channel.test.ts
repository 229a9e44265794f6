import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Channel, beginConsultation, endConsultation } from '../../../src/site/doctor/probe-channel.ts'

test('answers that come late use up the patience, however many there are', async () => {
  const examined = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-channel-'))
  onTestFinished(() => fs.rmSync(examined, { recursive: true, force: true }))
  const consultation = await beginConsultation(examined)
  const [host, peer] = [new Channel(consultation, 'host'), new Channel(consultation, 'peer')]
  await host.say('an order that is given up')
  await host.say('another')
  // Each answers the first order, and the next follows as soon as one was heard: far more than
  // there is patience for.
  await peer.hear(1000)
  const most = 200
  let said = 0
  const over = new AbortController()
  const answers = (async () => {
    for (; said < most && !over.signal.aborted; said++) {
      await peer.say('late')
      while (fs.existsSync(path.join(consultation.talk, `peer-${said + 1}`)) && !over.signal.aborted)
        await new Promise(setImmediate)
    }
  })()
  await expect(host.hear(200)).rejects.toMatchObject({ code: 'silent-peer' })
  over.abort()
  await answers
  expect(said).toBeLessThan(most)
  await endConsultation(consultation)
})
