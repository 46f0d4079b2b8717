/** Every command of the program, with each of its options, choices and names misspelt. */
import type { Argument, Command, Option } from 'commander'
import { describe, expect, test } from 'vitest'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { createProgram, run } from './program.ts'
import { quietIo } from './quiet-io.fixture.ts'

interface Ran {
  readonly exit: number
  readonly out: string
  readonly err: string
}

async function ran(argv: readonly string[]): Promise<Ran> {
  const { io, printed } = quietIo()
  return { exit: await run(argv, io), ...printed }
}

const silent: Io = { out: () => undefined, err: () => undefined, environment: {} }

interface Place {
  readonly path: readonly string[]
  readonly command: Command
}

function placesBelow(command: Command, path: readonly string[] = []): readonly Place[] {
  return command.commands
    .filter((each) => !Reflect.get(each, '_hidden'))
    .flatMap((each) => [{ path: [...path, each.name()], command: each }, ...placesBelow(each, [...path, each.name()])])
}

/** Swaps the first two letters that differ, as fingers do. Doubles the last one of a name without such letters. */
function misspelt(name: string): string {
  const at = [...name].findIndex(
    (letter, index) => index > 0 && name[index + 1] !== undefined && letter !== name[index + 1],
  )
  if (at < 0) return `${name}${name.at(-1)}`
  return `${name.slice(0, at)}${name[at + 1]}${name[at]}${name.slice(at + 2)}`
}

const program = createProgram(silent, { exit: EXIT.ok })
const places = placesBelow(program)
const leaves = places.filter(({ command }) => command.commands.length === 0)
const choicesOf = ({ argChoices }: Option | Argument): readonly string[] => argChoices ?? []

/** Values for the arguments before the one at an index, and for required options. */
function filledBefore({ command }: Place, at: number): readonly string[] {
  return command.registeredArguments.slice(0, at).map((argument) => choicesOf(argument)[0] ?? 'x')
}

function expectSuggestion({ exit, out, err }: Ran, suggestion: string): void {
  expect({ exit, out }).toEqual({ exit: EXIT.usage, out: '' })
  expect(err).toContain(`Did you mean ${suggestion}?`)
  expect(err.trimEnd()).not.toContain('\n')
}

describe('a misspelt name gets the right one, on one line', () => {
  test.for(places.map(({ path }) => [path.join(' '), path] as const))('command: %s', async ([, path]) => {
    const name = path.at(-1) ?? ''
    expectSuggestion(await ran([...path.slice(0, -1), misspelt(name)]), name)
  })

  test.for(leaves.map((place) => [place.path.join(' '), place] as const))('options of %s', async ([, place]) => {
    for (const { long } of [...place.command.options, ...program.options]) {
      const name = long?.slice('--'.length)
      if (name === undefined || (program.options.some((one) => one.long === long) && name === 'version')) continue
      expectSuggestion(await ran([...place.path, `--${misspelt(name)}`]), `--${name}`)
    }
  })

  const choices = leaves.flatMap((place) => [
    ...place.command.options.flatMap((option) =>
      choicesOf(option).map((value) => [...place.path, option.long ?? '', value]),
    ),
    ...place.command.registeredArguments.flatMap((argument, at) =>
      choicesOf(argument).map((value) => [...place.path, ...filledBefore(place, at), value]),
    ),
  ])
  test('there are choices', () => expect(choices.length).toBeGreaterThan(10))
  test.for(choices.map((words) => [words.join(' '), words] as const))('choice: %s', async ([, words]) => {
    const value = words.at(-1) ?? ''
    expectSuggestion(await ran([...words.slice(0, -1), misspelt(value)]), value)
  })
})

describe('a name that is near none gets no suggestion, and one line that goes on', () => {
  test.for([
    ['bogus'],
    ['log', 'bogus'],
    ['help', 'bogus'],
    ['grant', 'list', '--perosn'],
    ['completion', 'xyzzy'],
    ['log', 'query', '--frobnicate'],
  ])('%j', async (argv) => {
    const { exit, out, err } = await ran(argv)
    expect({ exit, out }).toEqual({ exit: EXIT.usage, out: '' })
    expect(err.trimEnd()).not.toContain('\n')
    expect(err).not.toContain('Did you mean')
    expect(err).toMatch(/See mandate(?: \w+)* --help|It must be one of/u)
  })
})
