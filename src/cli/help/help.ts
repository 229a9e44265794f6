/** The help texts of bjob and its commands. */
import { HelpAsked, type HelpSections, createParser } from '../command/parser.ts'
import { COMMANDS, type CommandEntry } from '../command-table.ts'

export const DESCRIPTION = 'run thousands of batch jobs on a cluster, with nothing but directories'

export const FIRST_LINES = [
  'bjob init mysite && cd mysite',
  "bjob app add hello --executable 'echo hello'",
  'bjob spawn --app hello --name first -- world',
  'bjob launch --idle-seconds 1',
  'bjob log first',
] as const

export const BASICS = `A job's id is WORKFLOW/NAME, and its folder is jobs/WORKFLOW/NAME. A NAME alone means the workflow \`default\`.
Commands find the site from any folder inside it, or through BJOB_SITE.`

export const EXIT_STATUS = [
  ['0', 'done'],
  ['1', 'a job that was waited for did not finish'],
  ['2', 'the request was invalid'],
  ['3', 'the site or the file system failed'],
] as const

export function generalHelp(): string {
  const parser = createParser().usage('COMMAND [options]        bjob COMMAND --help describes a command')
  for (const { name, summary } of COMMANDS) parser.command(name, summary)
  const sections = helpSections(() => parser.outputHelp())
  return formatSections([
    { body: `bjob: ${DESCRIPTION}` },
    ...sections.filter(({ title }) => title === 'Usage' || title === 'Commands'),
    { title: 'From nothing to a result', body: FIRST_LINES.map((line) => `  ${line}`).join('\n') },
    {
      body: `${BASICS}
Options for all commands: --help, --version, --debug (print where an error came from). \`man bjob\`, or \`bjob --manual | man -l -\`, shows the whole manual.
Exit status: ${EXIT_STATUS.map(([status, meaning]) => `${status} ${meaning}`).join(', ')}.`,
    },
  ])
}

/** @param sections as formatted by cac */
export function commandHelp({ name, summary }: CommandEntry, about: string, sections: HelpSections): string {
  const [, usage, ...others] = sections
  return formatSections([
    { body: `bjob ${name}: ${summary}` },
    ...(usage === undefined ? [] : [usage]),
    { body: about.trim() },
    // cac treats `--no-wait-for-parents` as an option that defaults to true.
    ...others.map((section) => ({ ...section, body: section.body.replaceAll(' (default: true)', '') })),
  ])
}

function helpSections(show: () => void): HelpSections {
  try {
    show()
  } catch (error) {
    if (error instanceof HelpAsked) return error.sections
    throw error
  }
  return []
}

function formatSections(sections: HelpSections): string {
  const texts = sections
    .filter(({ body }) => body !== '')
    .map(({ title, body }) => (title === undefined ? body : `${title}:\n${body.replace(/^ {2}\$ /, '  ')}`))
  return `${texts.join('\n\n').replaceAll(/ +$/gm, '')}\n`
}
