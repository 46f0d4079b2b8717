/**
 * Options of the command lines of the tests.
 *
 * @module
 */
import { parseArgs } from 'node:util'

/** An option that does not exist, or a wrong value of one. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

type Defaults = Readonly<Record<string, boolean | number | string>>
type Options<T extends Defaults> = {
  readonly [K in keyof T]: T[K] extends boolean ? boolean : T[K] extends number ? number : string
}

/**
 * Reads `--name value` for each default: a number above 0 where the default is one, a flag where it is a boolean.
 *
 * @throws UsageError for anything else, an argument without a name too.
 */
export function readOptions<const T extends Defaults>(args: readonly string[], defaults: T): Options<T> {
  const typeOf = (value: boolean | number | string) =>
    ({ type: typeof value === 'boolean' ? 'boolean' : 'string' }) as const
  const options = Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, typeOf(value)]))
  const { values } = parseArgs({ args: [...args], options })
  const read = Object.entries(defaults).map(([name, value]) => {
    const given = values[name]
    if (given === undefined || typeof value !== 'number') return [name, given ?? value]
    const number = Number(given)
    if (!(number > 0) || !Number.isFinite(number)) throw new UsageError(`--${name}: must be a number above 0`)
    return [name, number]
  })
  return Object.fromEntries(read)
}

/** Whether an error is about the arguments: ours, or one of `parseArgs`. */
export function isUsageError(error: unknown): error is Error {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return error instanceof UsageError || String(code).startsWith('ERR_PARSE_ARGS_')
}
