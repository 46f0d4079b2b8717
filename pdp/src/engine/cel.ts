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
/** Arithmetic by the types of its operands. The differences of instants and of durations overflow otherwise in cel-js than in cel-go. */
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
): { readonly evaluate: CompiledExpression; readonly hasTimeArithmetic: boolean } | { readonly refused: string } {
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
      hasTimeArithmetic: hasTimeArithmetic(parsed.ast as unknown as Node),
    }
  } catch (cause) {
    return { refused: `CEL does not compile: ${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}` }
  }
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'op' in value && typeof value.op === 'string'

/** Sums of instants and durations overflow in cel-go, beyond the years 1 and 9999, and not in cel-js. */
function hasTimeArithmetic(node: Node): boolean {
  const operands = nodesIn(node.args)
  const isSum = node.op === '+' || node.op === '-'
  return (isSum && operands.some((operand) => typeOf(operand) === TIME)) || operands.some(hasTimeArithmetic)
}

const typeOf = (node: Node | undefined): string => node?.checkedType?.name ?? '?'

/** The first construct of an expression that this engine does not evaluate. */
function refusedIn(node: Node): string | undefined {
  if (node.op === 'value') return refusedLiteral(node.args)
  if (node.op === 'call') return refusedCall(node)
  if (node.op === 'rcall') return refusedMethod(node)
  const operands = nodesIn(node.args)
  if (COMPARISONS.has(node.op) || PLAIN.has(node.op)) return firstRefused(operands)
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
