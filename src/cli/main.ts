/**
 * The command line: finds the command, runs it, and turns its outcome into output and an exit
 * status.
 */
import fs from 'node:fs'
import path from 'node:path'
import { requestError } from '../core/text/errors.ts'
import { commandFor } from './command/synonyms.ts'
import { didYouMean } from '../lib/text/nearest.ts'
import { Session } from './command/command.ts'
import { COMMANDS } from './command-table.ts'
import { describeFailure } from './command/failure.ts'
import { HelpAsked, parseCommand } from './command/parser.ts'
import { closeDebugger } from './terminal/stop-signal.ts'
import { ClosedOutput } from './terminal/terminal.ts'

async function main(argv: readonly string[]): Promise<void> {
  const words = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined)
  const isDebug = words.includes('--debug')
  const kept = isDebug ? argv.filter((word, index) => word !== '--debug' || index >= words.length) : argv
  const session = new Session(path.resolve(fs.realpathSync(process.argv[1] ?? '.'), '../..'))
  try {
    process.exitCode = (await run(kept, session)) ?? 0
  } catch (error) {
    if (error instanceof ClosedOutput) return
    const { text, status } = describeFailure(
      error,
      session.packageRoot,
      COMMANDS.find(({ name }) => name === kept[0])?.name,
    )
    session.terminal.note(text)
    if (isDebug) session.terminal.note((await import('./command/error-origin.ts')).originOf(error, session.packageRoot))
    process.exitCode = status
  } finally {
    await session.close()
  }
}

async function run([word, ...rest]: readonly string[], session: Session): Promise<number | void> {
  if (word === undefined) return (await import('./show/first-step.ts')).showFirstStep(session)
  if (word === '--version' || word === '-V') return session.terminal.line(readVersion(session.packageRoot))
  if (word === '--complete') return (await import('./completion/complete.ts')).complete(rest, session)
  if (word === '--manual')
    return session.terminal.write(await (await import('./help/manual.ts')).manualPage(readVersion(session.packageRoot)))
  if (word === '--help' || word === '-h' || word === 'help') return showHelp(rest, session)
  const entry = COMMANDS.find(({ name }) => name === word)
  if (entry === undefined) throw unknownCommand(word)
  const command = await entry.load()
  try {
    return await command.run(parseCommand(word, command, rest), session)
  } catch (error) {
    if (!(error instanceof HelpAsked)) throw error
    const { commandHelp } = await import('./help/help.ts')
    return session.terminal.write(commandHelp(entry, command.about, error.sections))
  }
}

async function showHelp([word]: readonly string[], session: Session): Promise<number | void> {
  if (word !== undefined) return run([word, '--help'], session)
  return session.terminal.write((await import('./help/help.ts')).generalHelp())
}

function unknownCommand(word: string): Error {
  const command = commandFor(word)
  if (command !== undefined)
    return requestError('unknown-command', `unknown command ${word}; use \`bjob ${command}\``, {
      hint: `\`bjob ${command.split(' ')[0]} --help\` describes it`,
    })
  const names = COMMANDS.map(({ name }) => name)
  return requestError('unknown-command', `unknown command ${word}${didYouMean(word, names)}`)
}

function readVersion(packageRoot: string): string {
  const { version } = JSON.parse(fs.readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as { version: string }
  return version
}

closeDebugger()
void main(process.argv.slice(2))
