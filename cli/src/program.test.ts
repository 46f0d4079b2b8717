import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { examplesOf } from './command-line.ts'
import { EXIT } from './exit.ts'
import { createProgram, run } from './program.ts'
import { quietIo } from './quiet-io.fixture.ts'

const program = () => createProgram(quietIo().io, { exit: EXIT.ok })

/** Every command, groups included. */
function commandsBelow(command: Command): readonly Command[] {
  return command.commands.flatMap((each) => [each, ...commandsBelow(each)])
}

/** The words of a shell's command line; quotes hold spaces together. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/gu)].map(([, single, double, bare]) => single ?? double ?? bare ?? '')

/** How many commands a command line runs. Rejects when it does not parse. */
async function runsOf(line: string): Promise<number> {
  const parsed = program()
  let ran = 0
  const countRun = () => {
    ran += 1
  }
  for (const command of commandsBelow(parsed)) if (command.commands.length === 0) command.action(countRun)
  // An example may set variables first, and send its output elsewhere.
  const [name, ...argv] = wordsOf(line.replace(/^(?:\w+=\S+ )+/u, '').replace(/ [|>] .*$/u, ''))
  expect(name).toBe('mandate')
  await parsed.parseAsync(argv, { from: 'user' })
  return ran
}

describe('help', () => {
  const leaves = commandsBelow(program()).filter(({ commands }) => commands.length === 0)
  const visible = leaves.filter((command) => !Reflect.get(command, '_hidden'))

  test.for(visible.map((command) => [command.name(), command] as const))('%s has an example', ([, command]) => {
    expect(examplesOf(command)).not.toEqual([])
  })

  test.for(leaves.flatMap((command) => examplesOf(command)))('its example parses: %s', async (line) => {
    expect(await runsOf(line)).toBe(1)
  })

  test('is printed on stdout, with exit code 0, for the program and for every command', async () => {
    for (const path of [[], ...commandsBelow(program()).map(pathOf)]) {
      const { io, printed } = quietIo()
      expect(await run([...path, '--help'], io)).toBe(EXIT.ok)
      expect(printed.out).toContain('Usage: mandate')
      expect(printed.err).toBe('')
    }
  })
})

function pathOf(command: Command): readonly string[] {
  return command.parent instanceof Command && command.parent.parent !== null
    ? [...pathOf(command.parent), command.name()]
    : [command.name()]
}

describe('README.md', () => {
  const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const blocks = [...text.matchAll(/^```sh\n(?<code>[\s\S]*?)^```/gmu)].map(({ groups }) => groups?.['code'] ?? '')
  const lines = blocks.flatMap((block) => block.split('\n')).filter((line) => line.startsWith('mandate '))
  const groups = program().commands.filter(({ commands }) => commands.length > 0)

  test.for(lines)('its command parses: %s', async (line) => {
    if (line !== 'mandate --help') expect(await runsOf(line.replace(/ +#.*$/u, ''))).toBe(1)
  })

  test.for(
    groups.flatMap((group) =>
      group.commands.filter((each) => each.name() !== 'help').map((each) => pathOf(each).join(' ')),
    ),
  )('has mandate %s', (path) => {
    expect(lines.some((line) => line.startsWith(`mandate ${path}`))).toBe(true)
  })
})

describe('wrong usage', () => {
  test.for([
    ['a misspelt command', ['completoin'], /unknown command 'completoin' \(Did you mean completion\?\)/u],
    ['a misspelt option', ['completion', '--halp'], /unknown option '--halp' \(Did you mean --help\?\)/u],
    ['a missing argument', ['completion'], /missing required argument 'shell'/u],
    ['too many arguments', ['completion', 'bash', 'zsh'], /too many arguments/u],
  ] as const)('%s is one line on stderr and exit code 64', async ([, argv, message]) => {
    const { io, printed } = quietIo()
    expect(await run(argv, io)).toBe(EXIT.usage)
    expect(printed.err).toMatch(message)
    expect(printed.err.trimEnd()).not.toContain('\n')
    expect(printed.out).toBe('')
  })

  test('no option has the name of one that node reads from any place of a command line', () => {
    const flags = commandsBelow(program()).flatMap(({ options }) => options.map(({ long }) => long))
    expect(flags.filter((flag) => flag?.startsWith('--env-file'))).toEqual([])
  })

  test('is JSON on one line with --json', async () => {
    const { io, printed } = quietIo()
    expect(await run(['completion', '--json'], io)).toBe(EXIT.usage)
    expect(JSON.parse(printed.err)).toMatchObject({ code: 'usage', exit: EXIT.usage })
  })
})

test.for(['--from', '--to'])('grant list %s names the form of a party before anything is asked', async (option) => {
  const { io, printed } = quietIo()
  expect(await run(['grant', 'list', option, 'shelfbot'], io)).toBe(EXIT.usage)
  expect(printed).toEqual({ out: '', err: `${option} must be agent:ID or user:SUB, and is shelfbot.\n` })
})
