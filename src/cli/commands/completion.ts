/** `bjob completion`: the script by which a shell completes bjob's words. */
import { requestError } from '../../core/text/errors.ts'
import type { Command } from '../command/command.ts'
import { SCRIPTS, SHELLS } from '../terminal/completion-scripts.ts'
import { limitWords } from '../arguments/job-word.ts'

export const completionCommand: Command = {
  words: SHELLS.join('|'),
  about: `Prints a script that makes the shell complete commands, options, ids of jobs, workflows, applications, launchers and states. It asks bjob at
each Tab, which lists one folder. Put it where the shell looks, once:
  bash  bjob completion bash > ~/.local/share/bash-completion/completions/bjob
  zsh   bjob completion zsh > "\${fpath[1]}/_bjob"
  fish  bjob completion fish > ~/.config/fish/completions/bjob.fish
bash needs its package bash-completion for that; without it, add the line of the first example to ~/.bashrc.`,
  options: [],
  examples: [
    ['source <(bjob completion bash)', 'in this shell, to try it'],
    ['bjob completion fish | source', 'the same in fish'],
  ],
  async run({ words }, { terminal }) {
    limitWords(words, 1)
    const shell = SHELLS.find((name) => name === words[0])
    if (shell === undefined)
      throw requestError('bad-option', words[0] === undefined ? 'for which shell?' : `there is none for ${words[0]}`, {
        hint: `there is \`bjob completion\` for ${SHELLS.join(', ')}`,
      })
    await terminal.write(SCRIPTS[shell])
  },
}
