/**
 * README's tutorial, command by command, on a terminal: what it prints is what README shows, but
 * for ids, times, figures and names of machines.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { PseudoTerminal } from '../rig/pseudo-terminal.ts'
import { Rig } from '../rig/rig.ts'
import { toolPath } from '../rig/tool-path.ts'

/** Installations, a live screen and Slurm have tests of their own. */
const ELSEWHERE = /^(tar xf|npm install|export PATH|bjob watch|bjob submit)/

interface Step {
  readonly command: string
  readonly output: string
}

function readSteps(readme: string): Step[] {
  const steps: { command: string; output: string }[] = []
  let isInside = false
  for (const line of readme.split('\n')) {
    const text = line.startsWith('    ') ? line.slice(4) : undefined
    if (text?.startsWith('$ ') === true) {
      steps.push({ command: text.slice(2), output: '' })
      isInside = true
    } else if (text === undefined && line !== '') isInside = false
    else if (isInside && text !== undefined) (steps.at(-1) ?? { output: '' }).output += `${text}\n`
  }
  return steps.filter(({ command }) => !ELSEWHERE.test(command))
}

/** The text that stays on a terminal after carriage returns and erased lines. */
function settle(text: string): string {
  // eslint-disable-next-line no-control-regex -- what a terminal obeys
  return text.replaceAll(/[^\n]*\r\u001B\[K/g, '').replaceAll('\r', '')
}

function normalise(text: string, home: string): string {
  const lines = text
    .trimEnd()
    .replaceAll(`${home}/`, '/home/ada/')
    .replaceAll(`${os.userInfo().username}@${os.hostname()}`, 'ada@vm')
    .replaceAll(/\b[\w.-]+-\d+-[0-9a-f]{6}\b/g, 'LAUNCHER')
    .replaceAll(new RegExp(`(?<=\\bon |"nodes":")${os.hostname()}\\b`, 'g'), 'vm')
    .replaceAll(/(?<=\$ |"command":")\/\S*node /g, 'node ')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\b\d+ cores?\b/g, 'N cores')
    .replaceAll(/\b\d+(\.\d+)?(?= (s|MiB)\b)/g, 'N')
    .replaceAll(/, peak memory N MiB|,"memory":\d+/g, '')
    .replaceAll(/(?<= )\d+[smh](?= )/g, 'AGE')
    .replaceAll(/\b\d+\.\d+\b/g, 'FIGURE')
    .split('\n')
    .map((line) => line.replaceAll(/ {2,}/g, '  ').trimEnd())
  // Jobs that run at once end in any order.
  return (text.startsWith('{"id"') ? lines.toSorted() : lines).join('\n')
}

test('the commands of README print what README shows', async () => {
  await using rig = await Rig.create()
  const home = path.join(rig.outside, 'home')
  const tools = path.join(rig.outside, 'tools')
  fs.mkdirSync(home)
  const steps = readSteps(fs.readFileSync('README.md', 'utf8'))
  expect(steps.length).toBeGreaterThan(25)
  const PATH = toolPath(tools)
  fs.symlinkSync(path.resolve('bin/bjob.js'), path.join(tools, 'bjob'))
  const script = ['stty cols 150', `cd ${home}`, ...steps.map(({ command }, index) => `echo "@@${index}"\n${command}`)]
  using terminal = new PseudoTerminal(rig, script.join('\n'), { HOME: home, PATH })
  const { stdout } = await terminal.process.ended({ within: 55 })
  const outputs = settle(stdout)
    .split(/^@@\d+\n/m)
    .slice(1)
  for (const [index, { command, output }] of steps.entries())
    expect(`$ ${command}\n${normalise(outputs[index] ?? '', home)}`).toBe(`$ ${command}\n${normalise(output, home)}`)
})
