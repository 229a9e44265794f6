/** `bjob init`: makes a site. */
import path from 'node:path'
import { requestError } from '../../core/text/errors.ts'
import { findMachine, findTemplate, listMachines, listTemplates, makeSite } from '../../client/make-site.ts'
import { quoteShellWord } from '../../lib/text/shell-words.ts'
import type { Command } from '../command/command.ts'
import { FIRST_APPLICATION } from '../show/next-step.ts'

export const initCommand: Command = {
  words: '[DIR]',
  about: `A site is a folder on the shared file system that holds all of bjob's data as readable files: bjob.yaml
(settings), apps/ (applications), jobs/ (one folder per job). Without DIR, the current folder becomes a site.`,
  options: [
    {
      name: 'template',
      value: 'TEMPLATE',
      summary: 'start from a template instead of an empty site; `list` lists templates',
    },
    { name: 'machine', value: 'MACHINE', summary: 'add the settings of a machine; `list` lists machines' },
  ],
  examples: [
    ['bjob init mysite && cd mysite', 'make a site and enter it'],
    ['bjob init mysite --template list', 'list the templates'],
    ['bjob init mysite --machine polaris', 'start with settings from the public documentation of a machine'],
  ],
  async run(input, { terminal, packageRoot }) {
    if (input.words.length > 1) throw requestError('bad-option', `expected one folder, got ${input.words.length}`)
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
