/**
 * Node's `parseArgs` with errors of one line: an unknown option and a value that is none of the choices get a suggestion, and an option that is given twice
 * is refused, since `parseArgs` keeps the last value and drops the others silently.
 *
 * @module
 */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { nearestName } from './nearest-name.ts'

/** What a wrong command line prints: the problem and where help is, on one line. @param help - The command that prints it. */
export function usageLine(problem: string, help: string): string {
  return `${problem}${/[.?]$/u.test(problem) ? '' : '.'} See ${help}\n`
}

type Declared = NonNullable<ParseArgsConfig['options']>[string]

/** As `parseArgs` takes them, by name without dashes. `choices`: the only values of an option. */
export type OptionDeclarations = Readonly<Record<string, Declared & { readonly choices?: readonly string[] }>>

/** What `parseArgs` returns for the declarations, with positional arguments. */
export type ParsedBy<Options extends OptionDeclarations> = ReturnType<
  typeof parseArgs<{ args: string[]; options: Options; allowPositionals: true; tokens: true }>
>

/** A wrong command line. The message is one line. */
export class OptionError extends Error {
  override readonly name: string = 'OptionError'
  /** The option that was given twice; `undefined` for another mistake. */
  readonly repeated: string | undefined

  constructor(message: string, repeated?: string) {
    super(message)
    this.repeated = repeated
  }
}

/**
 * Parses a command line.
 *
 * @param positionals - Whether there may be arguments besides options. @default 'refused'
 * @throws OptionError
 */
export function parseOptions<const Options extends OptionDeclarations>(
  args: readonly string[],
  options: Options,
  positionals: 'allowed' | 'refused' = 'refused',
): ParsedBy<Options> {
  const parsed = strictly(args, options, positionals === 'allowed')
  for (const token of parsed.tokens)
    if (token.kind === 'option') requireChoice(token.name, token.value, options[token.name]?.choices)
  const repeated = repeatedOption(parsed.tokens, options)
  if (repeated !== undefined) throw new OptionError(`--${repeated} may be given once`, repeated)
  return parsed
}

function strictly<const Options extends OptionDeclarations>(
  args: readonly string[],
  options: Options,
  allowPositionals: boolean,
): ParsedBy<Options> {
  try {
    const config = { args: [...args], options, allowPositionals, tokens: true } as const
    return parseArgs(config) as ParsedBy<Options>
  } catch (error) {
    // Node's message goes on with advice about arguments that begin with a dash.
    const [problem = ''] = String(error instanceof Error ? error.message : error).split('. To specify')
    const unknown = /^Unknown option '-+(?<name>[^']*)'/u.exec(problem)?.groups?.['name']
    const nearest = unknown === undefined ? undefined : nearestName(unknown, Object.keys(options))
    throw new OptionError(nearest === undefined ? problem : `${problem}. Did you mean --${nearest}?`)
  }
}

function requireChoice(name: string, value: string | undefined, choices: readonly string[] | undefined): void {
  if (value === undefined || choices === undefined || choices.includes(value)) return
  const nearest = nearestName(value, choices)
  const problem = `--${name}: ${value || 'an empty text'} is not one of ${choices.join(', ')}`
  throw new OptionError(nearest === undefined ? problem : `${problem}. Did you mean ${nearest}?`)
}

/** The parts of a token of `parseArgs` (`tokens: true`) that are used here. */
interface OptionToken {
  readonly kind: string
  readonly name?: string
}

/** Name of the first option with a value that is given twice without being declared `multiple`. Flags may be repeated. */
function repeatedOption(tokens: readonly OptionToken[], options: OptionDeclarations): string | undefined {
  const seen = new Set<string>()
  for (const { kind, name } of tokens) {
    const declared = kind === 'option' && name !== undefined ? options[name] : undefined
    if (name === undefined || declared?.type !== 'string' || declared.multiple) continue
    if (seen.has(name)) return name
    seen.add(name)
  }
  return undefined
}
