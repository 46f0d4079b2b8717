/**
 * Configuration from environment variables: parsed once, every problem reported together, never a value in a message.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { environmentObjection } from '@mandate/protocol'
import { z } from 'zod'
import { nearestName } from './nearest-name.ts'

/** Exit status for a configuration that cannot be used (`EX_CONFIG` of sysexits.h). */
export const EXIT_CONFIG = 78

/** A configuration that cannot be used. Its message has one problem a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** Each begins with the name of its variable. Never holds a value. */
  readonly problems: readonly string[]

  /** @param problems - A text is taken as one problem a line. */
  constructor(problems: readonly string[] | string) {
    const list = typeof problems === 'string' ? problems.split('\n') : problems
    super(list.join('\n'))
    this.problems = list
  }
}

/** Environment variables by name, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Which variables make up a configuration, and how they are read. */
export interface EnvironmentRules<S extends z.ZodType> {
  /** A variable that begins with one of these must be in the schema, so that a typing error is not silently a default. */
  readonly prefix: string | readonly string[]
  /** An object schema by variable names, with checks and a transform where they are needed. Only its variables are read. */
  readonly schema: S
  /** Reads the file of `NAME_FILE`; throws when it cannot. @default `readFileSync` */
  readonly readFile?: (path: string) => string
}

/** What the environment gives, and what is wrong with it before the schema sees it. */
interface Given {
  readonly values: Record<string, string>
  readonly problems: string[]
  /** Settings whose file could not be read: their value is unknown, not missing. */
  readonly unread: Set<string>
}

const FILE = '_FILE'

/**
 * Reads a configuration. For each setting `NAME` of the schema, `NAME_FILE` names a file that holds the value, trimmed; a setting whose own name
 * ends in `_FILE` is read as it is. An empty variable counts as one that is not set.
 *
 * @throws ConfigError naming every problem.
 */
export function readEnvironment<S extends z.ZodType>(env: Environment, rules: EnvironmentRules<S>): z.output<S> {
  return parse(rules.schema, givenBy(env, rules))
}

/**
 * The settings as an operator may see them, by variable: with defaults, secrets as `[redacted]`. For `--print-config`.
 *
 * @throws ConfigError as {@link readEnvironment}.
 */
export function printableEnvironment(env: Environment, rules: EnvironmentRules<z.ZodType>): Record<string, unknown> {
  const schema = objectOf(rules.schema)
  return redactSettings(rules.schema, parse(schema, givenBy(env, rules)))
}

/** Values of a schema's settings, with secrets as `[redacted]`. `undefined` ones are left out. */
export function redactSettings(schema: z.ZodType, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { shape } = objectOf(schema)
  const shown = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    shown.map(([name, value]) => [name, isSecret(name, shape[name], value) ? '[redacted]' : printable(value)]),
  )
}

/** For standard error: what is wrong, one problem a line. */
export function configErrorText(service: string, { problems }: ConfigError): string {
  return `${service}: the configuration cannot be used:\n${problems.map((problem) => `  ${problem}\n`).join('')}`
}

const secrets = z.registry<{ readonly isSecret: true }>()

/** Marks the schema of a secret: its value is never printed. Optional and default go around it. */
export function secret<S extends z.ZodType>(schema: S): S {
  secrets.add(schema, { isSecret: true })
  return schema
}

/** What is named like a secret is one, marked or not; so is a URL with a password in it. */
const SECRET_NAME = /(?:SECRET|PASSWORD|TOKEN|_KEYS?)$/u

function isSecret(name: string, schema: z.core.$ZodType | undefined, value: unknown): boolean {
  if (SECRET_NAME.test(name) || isMarked(schema)) return true
  return typeof value === 'string' && (URL.parse(value)?.password ?? '') !== ''
}

function isMarked(schema: z.core.$ZodType | undefined): boolean {
  if (schema === undefined) return false
  if (secrets.get(schema) !== undefined) return true
  if (schema instanceof z.ZodPipe) return isMarked(schema.in) || isMarked(schema.out)
  const { innerType } = schema._zod.def as { readonly innerType?: z.core.$ZodType }
  return isMarked(innerType)
}

const printable = (value: unknown): unknown => (value instanceof Map ? Object.fromEntries(value) : value)

/** The object schema within checks and transforms. @throws TypeError when there is none. */
function objectOf(schema: z.core.$ZodType): z.ZodObject {
  if (schema instanceof z.ZodPipe) return objectOf(schema.in)
  if (schema instanceof z.ZodObject) return schema
  throw new TypeError('the schema of a configuration must be an object schema, or a transform of one')
}

function givenBy(env: Environment, { prefix, schema, readFile = readUtf8 }: EnvironmentRules<z.ZodType>): Given {
  const known = Object.keys(objectOf(schema).shape)
  const prefixes = typeof prefix === 'string' ? [prefix] : prefix
  const objection = environmentObjection(env)
  const given: Given = { values: {}, problems: objection === undefined ? [] : [objection], unread: new Set() }
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === '') continue
    const setting = name.endsWith(FILE) ? name.slice(0, -FILE.length) : name
    if (known.includes(name)) given.values[name] = value
    else if (known.includes(setting)) takeFile(given, setting, value, { isGivenTwice: Boolean(env[setting]), readFile })
    else if (prefixes.some((start) => name.startsWith(start))) given.problems.push(unknown(name, setting, known))
  }
  return given
}

const readUtf8 = (path: string): string => readFileSync(path, 'utf8')

interface FileRules {
  readonly isGivenTwice: boolean
  readonly readFile: (path: string) => string
}

function takeFile({ values, problems, unread }: Given, name: string, path: string, rules: FileRules): void {
  if (rules.isGivenTwice) problems.push(`${name}: give it or ${name}${FILE}, not both`)
  try {
    const text = rules.readFile(path).trim()
    if (!rules.isGivenTwice && text !== '') values[name] = text
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    problems.push(`${name}${FILE}: the file cannot be read${code}`)
    unread.add(name)
  }
}

function unknown(name: string, setting: string, known: readonly string[]): string {
  const nearest = nearestName(setting, known)
  const suffix = name === setting ? '' : FILE
  return `${name}: there is no such setting${nearest === undefined ? '' : `; did you mean ${nearest}${suffix}?`}`
}

function parse<S extends z.ZodType>(schema: S, { values, problems, unread }: Given): z.output<S> {
  const parsed = schema.safeParse(values)
  if (parsed.success && problems.length === 0) return parsed.data
  const issues = parsed.error?.issues ?? []
  // With a value unknown, neither its absence nor a rule between settings is a finding.
  const findings = issues.filter(({ path: [name] }) =>
    name === undefined ? unread.size === 0 : !unread.has(String(name)),
  )
  throw new ConfigError([...problems, ...findings.map((issue) => problemText(issue, values))])
}

function problemText(issue: z.core.$ZodIssue, values: Readonly<Record<string, string>>): string {
  const [name, ...place] = issue.path
  if (name === undefined) return issue.message
  const isMissing = issue.code === 'invalid_type' && values[String(name)] === undefined
  const at = place.map((step) => (typeof step === 'number' ? `item ${step + 1}: ` : `${String(step)}: `)).join('')
  return `${String(name)}: ${isMissing ? 'must be set' : `${at}${issue.message}`}`
}
