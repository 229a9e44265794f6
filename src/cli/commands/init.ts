/** `bjob init`: makes a site. */
import path from 'node:path'
import { requestError } from '../../core/text/errors.ts'
import { findMachine, findTemplate, listMachines, listTemplates, makeSite } from '../../client/make-site.ts'
import { quoteShellWord } from '../../lib/text/shell-words.ts'
import type { Command } from '../command/command.ts'
import { FIRST_APPLICATION } from '../show/next-step.ts'

export const initCommand: Command = {
  words: '[DIR]',
  about: `A site is a folder on the shared file system. All of bjob's data is in it, as files that you can read: bjob.yaml (its settings),
apps/ (what jobs may run), jobs/ (one folder per job). Without DIR, the current folder becomes one.`,
  options: [
    {
      name: 'template',
      value: 'TEMPLATE',
      summary: 'start from a template instead of an empty site; `list` lists them',
    },
    { name: 'machine', value: 'MACHINE', summary: 'with the settings for a machine; `list` lists them' },
  ],
  examples: [
    ['bjob init mysite && cd mysite', 'make a site and go into it'],
    ['bjob init mysite --template list', 'what templates there are'],
    ['bjob init mysite --machine polaris', 'settings from the public documentation of a machine, to begin with'],
  ],
  async run(input, { terminal, packageRoot }) {
    if (input.words.length > 1)
      throw requestError('bad-option', `one folder at a time; ${input.words.length} are given`)
    const templates = path.join(packageRoot, 'templates')
    const template = input.text('template')
    if (template === 'list') return terminal.line(listTemplates(templates).join('\n'))
    const machines = path.join(templates, 'machines')
    const machine = input.text('machine')
    if (machine === 'list') return terminal.line(listMachines(machines).join('\n'))
    const folder = path.resolve(input.words[0] ?? '.')
    await makeSite(folder, {
      template: template === undefined ? undefined : findTemplate(templates, template),
      machine: machine === undefined ? undefined : findMachine(machines, machine),
      batchTemplates: path.join(templates, 'batch'),
    })
    await terminal.line(folder)
    const enter = folder === process.cwd() ? '' : `cd ${quoteShellWord(input.words[0] ?? '.')} && `
    terminal.suggest(`${enter}${template === undefined ? FIRST_APPLICATION : 'bjob'}`)
  },
}
