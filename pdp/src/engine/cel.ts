/**
 * Compiles the expressions of conditions. CEL is evaluated by `@marcbachmann/cel-js`; an expression is accepted only when each operator and function
 * in it is known, by tests, to give the result of cel-go, with which OpenFGA evaluates conditions. Anything else is refused by name.
 *
 * @module
 */
import { Environment } from '@marcbachmann/cel-js'
import { IpAddress, isInNetwork } from './ip-address.ts'
import { durationOf, instantOf } from './parameters.ts'

const environment = new Environment({ limits: { maxListElements: 10_000, maxMapEntries: 10_000 } })
  .registerType('IPAddress', IpAddress)
  .registerFunction('IPAddress.in_cidr(string): bool', (address: IpAddress, cidr: string) => isInNetwork(address, cidr))
  .registerOperator('IPAddress == IPAddress', (a: IpAddress, b: IpAddress) => a.bits === b.bits && a.value === b.value)

export type CompiledExpression = (parameters: ReadonlyMap<string, unknown>) => unknown

interface Node {
  readonly op: string
  readonly args: unknown
  readonly checkedType?: { readonly name: string }
}

const TIME = 'google.protobuf.Timestamp'
const SPAN = 'google.protobuf.Duration'

const COMPARISONS = new Set(['<', '<=', '>', '>='])
/** Operators whose operands may be of any type that the type checker takes. */
const PLAIN = new Set(['id', '.', '[]', 'list', '&&', '||', '!_', '?:', '==', '!=', 'in'])
/** Arithmetic by the types of its operands. Sums of durations overflow otherwise in cel-js than in cel-go. */
const ARITHMETIC = new Set([
  ...['+', '-', '*'].flatMap((op) => ['int', 'uint', 'double'].map((type) => `${type} ${op} ${type}`)),
  'double / double',
  'string + string',
  `${TIME} + ${SPAN}`,
  `${SPAN} + ${TIME}`,
  `${TIME} - ${SPAN}`,
])
const METHODS = new Set(['in_cidr', 'startsWith', 'endsWith', 'contains', 'all', 'exists'])
const TIME_METHODS = new Set([
  'getFullYear',
  'getMonth',
  'getDate',
  'getDayOfMonth',
  'getDayOfWeek',
  'getHours',
  'getMinutes',
  'getSeconds',
])

/**
 * Compiles one expression.
 *
 * @param parameters - The CEL type of each parameter.
 * @returns The compiled expression, or why this engine does not evaluate it. The expression itself throws where cel-go reports an error.
 */
export function compileExpression(
  expression: string,
  parameters: ReadonlyMap<string, string>,
):
  | { readonly evaluate: CompiledExpression; readonly instants: InstantRange | undefined }
  | { readonly refused: string } {
  const own = environment.clone()
  try {
    for (const [name, type] of parameters) own.registerVariable(name, type)
    const parsed = own.parse(expression)
    const checked = parsed.check()
    if (!checked.valid)
      return { refused: `CEL does not compile: ${checked.error?.message.split('\n')[0] ?? 'unknown'}` }
    if (checked.type !== 'bool') return { refused: `CEL yields ${checked.type ?? 'nothing'}, not bool` }
    const refused = refusedIn(parsed.ast as unknown as Node)
    if (refused !== undefined) return { refused }
    return {
      evaluate: (values) => parsed(values as unknown as Record<string, unknown>),
      instants: instantsOf(parsed.ast as unknown as Node),
    }
  } catch (cause) {
    return { refused: `CEL does not compile: ${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}` }
  }
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'op' in value && typeof value.op === 'string'

/** Instants in milliseconds since 1970, both inclusive. */
export interface InstantRange {
  readonly earliest: number
  readonly latest: number
}

const rangeOf = (earliest: string, latest: string): InstantRange => ({
  earliest: Date.parse(earliest),
  latest: Date.parse(latest),
})
/** Instants from which no sum with a duration leaves the years 1 to 9999: cel-go reports an error there, and cel-js does not. */
const SUMMANDS = rangeOf('1000-01-01T00:00:00Z', '9000-01-01T00:00:00Z')
/** Instants whose difference is a duration of Go, which ends at 292 years. */
const OF_DIFFERENCES = rangeOf('1880-01-01T00:00:00Z', '2160-01-01T00:00:00Z')

/** The instants with which the expression's arithmetic gives the result of cel-go; `undefined`: any. */
function instantsOf(node: Node): InstantRange | undefined {
  if (someNode(node, isDifference)) return OF_DIFFERENCES
  return someNode(node, isTimeSum) ? SUMMANDS : undefined
}

const someNode = (node: Node, holds: (node: Node) => boolean): boolean =>
  holds(node) || nodesIn(node.args).some((operand) => someNode(operand, holds))

const isTimeSum = ({ op, args }: Node): boolean =>
  (op === '+' || op === '-') && nodesIn(args).some((operand) => typeOf(operand) === TIME)

/** The difference of two instants. */
const isDifference = ({ op, args }: Node): boolean =>
  op === '-' && nodesIn(args).every((operand) => typeOf(operand) === TIME)

/** Whether a node is an instant as it was given: a difference of computed ones may overflow. */
const isGiven = (node: Node): boolean => node.op === 'id' || isInstantLiteral(node)

function isInstantLiteral({ op, args }: Node): boolean {
  if (op !== 'call') return false
  const [name, operands] = args as [string, readonly Node[]]
  const [text] = operands
  if (name !== 'timestamp' || text?.op !== 'value') return false
  const instant = instantOf(String(text.args))
  return typeof instant === 'number' && instant >= OF_DIFFERENCES.earliest && instant <= OF_DIFFERENCES.latest
}

const typeOf = (node: Node | undefined): string => node?.checkedType?.name ?? '?'

/** The first construct of an expression that this engine does not evaluate. */
function refusedIn(node: Node): string | undefined {
  if (node.op === 'value') return refusedLiteral(node.args)
  if (node.op === 'call') return refusedCall(node)
  if (node.op === 'rcall') return refusedMethod(node)
  const operands = nodesIn(node.args)
  if (COMPARISONS.has(node.op)) return firstRefused(operands.flatMap(comparedParts))
  if (PLAIN.has(node.op)) return firstRefused(operands)
  const [left, right] = operands
  const form = right ? `${typeOf(left)} ${node.op} ${typeOf(right)}` : `${node.op}${typeOf(left)}`
  if (ARITHMETIC.has(form) || form === '-_double' || isNegativeLiteral(node)) return firstRefused(operands)
  return form
}

const nodesIn = (args: unknown): readonly Node[] => (Array.isArray(args) ? args : [args]).flat(2).filter(isNode)

function firstRefused(nodes: readonly Node[]): string | undefined {
  for (const node of nodes) {
    const refused = refusedIn(node)
    if (refused !== undefined) return refused
  }
  return undefined
}

/** A difference of instants can be compared, but not be part of other arithmetic: its fractions are kept otherwise than those of durations. */
function comparedParts(node: Node): readonly Node[] {
  const operands = nodesIn(node.args)
  return isDifference(node) && operands.every(isGiven) ? operands : [node]
}

const isNegativeLiteral = ({ op, args }: Node): boolean => op === '-_' && isNode(args) && args.op === 'value'

function refusedLiteral(value: unknown): string | undefined {
  return value instanceof Uint8Array ? 'a literal of bytes' : undefined
}

function refusedCall({ args }: Node): string | undefined {
  const [name, operands] = args as [string, readonly Node[]]
  if (name === 'size') return firstRefused(operands)
  if (name === 'timestamp' || name === 'duration') return refusedTime(name, operands[0])
  return `${name}()`
}

/** Only literals: text that is converted at run time may have a form or a precision that cel-js reads otherwise. */
function refusedTime(name: 'timestamp' | 'duration', text: Node | undefined): string | undefined {
  if (text?.op !== 'value' || typeof text.args !== 'string') return `${name}() of a value that is no literal`
  const ours = name === 'timestamp' ? instantOf(text.args) : durationOf(text.args)
  const theirs: unknown = environment.evaluate(`${name}(${JSON.stringify(text.args)})`)
  return typeof ours !== 'symbol' && Number(ours) === Number(theirs)
    ? undefined
    : `${name}(${JSON.stringify(text.args)})`
}

function refusedMethod({ args }: Node): string | undefined {
  const [name, receiver, operands] = args as [string, Node, readonly Node[]]
  const isKnown =
    METHODS.has(name) ||
    (name === 'size' && operands.length === 0) ||
    (TIME_METHODS.has(name) && operands.length === 0 && typeOf(receiver) === TIME)
  return isKnown ? firstRefused([receiver, ...operands]) : `.${name}()`
}
