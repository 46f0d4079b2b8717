/**
 * `mandate completion`: completion of commands and options in a shell.
 *
 * @module
 */
import { action, choiceArgument, type Describe, examples } from '../command-line.ts'

const SHELLS = ['bash', 'zsh', 'fish', 'powershell']

export const describeCompletion: Describe = (program, io, outcome) => {
  const print = program
    .command('completion')
    .description('print a script that completes commands and options in your shell')
    .addArgument(choiceArgument('<shell>', 'your shell', SHELLS))
  examples(
    print,
    'mandate completion bash > ~/.local/share/bash-completion/completions/mandate',
    'mandate completion zsh',
  )
  action(print, io, outcome, async () => {
    const { printScript } = await import('../completion.ts')
    return printScript(program)
  })
  // Called by the script, as `mandate complete -- WORDS`, with an empty last word after a space.
  const complete = program.command('complete', { hidden: true }).argument('[words...]')
  action(complete, io, outcome, async () => {
    const { completeWords } = await import('../completion.ts')
    return completeWords(program)
  })
}
