/** `bjob completion`: prints a shell's completion script. */
import { requestError } from '../../core/text/errors.ts'
import type { Command } from '../command/command.ts'
import { SCRIPTS, SHELLS } from '../terminal/completion-scripts.ts'
import { limitWords } from '../arguments/job-word.ts'

export const completionCommand: Command = {
  words: SHELLS.join('|'),
  about: `Prints a script that completes commands, options, states, and the ids of jobs, workflows, applications and
launchers. Each Tab runs bjob, which lists one folder. Install the script once:
  bash  bjob completion bash > ~/.local/share/bash-completion/completions/bjob
  zsh   bjob completion zsh > "\${fpath[1]}/_bjob"
  fish  bjob completion fish > ~/.config/fish/completions/bjob.fish
bash needs its bash-completion package; without it, add the line of the first example to ~/.bashrc.`,
  options: [],
  examples: [
    ['source <(bjob completion bash)', 'enable it in this shell'],
    ['bjob completion fish | source', 'enable it in this fish shell'],
  ],
  async run({ words }, { terminal }) {
    limitWords(words, 1)
    const shell = SHELLS.find((name) => name === words[0])
    if (shell === undefined)
      throw requestError('bad-option', words[0] === undefined ? 'no shell named' : `no completion for ${words[0]}`, {
        hint: `supported shells: ${SHELLS.join(', ')}`,
      })
    await terminal.write(SCRIPTS[shell])
  },
}
