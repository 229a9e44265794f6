/**
 * Reads one file `state.yaml` in a loop until its standard input ends; prints how often, and
 * whatever was wrong with it.
 */
import fs from 'node:fs'
import { parseState } from '../../../src/core/life/state-document.ts'

const [file = ''] = process.argv.slice(2)
const problems: string[] = []
let reads = 0
let revision = 0

function read(): void {
  for (let at = 0; at < 50; at++) {
    reads += 1
    try {
      const state = parseState(fs.readFileSync(file, 'utf8'), file)
      if (state.revision < revision) problems.push(`went back from revision ${revision} to ${state.revision}`)
      revision = state.revision
    } catch (error) {
      problems.push(String(error))
    }
  }
}

const timer = setInterval(read, 1)
process.on('SIGTERM', () => {
  clearInterval(timer)
  process.stdout.write(JSON.stringify({ reads, problems }))
})
