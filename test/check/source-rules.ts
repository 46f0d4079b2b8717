/**
 * Static analysis for vulnerabilities, one rule each: SQL or regular expressions built from variables, shells, `Math.random`, TLS without verification,
 * secrets compared in variable time, HTML or code from text, messages of errors in responses. Tests are left out.
 *
 * An exception has the comment `allowed: RULE: reason` on the line before, or on the same line. {@link EXCEPTIONS} has their numbers, so that a review
 * sees each new one.
 *
 * @module
 */
import { parseSync } from 'oxc-parser'
import { type Bindings, bindingsOf, childrenOf, isConstant, isNode, type SyntaxNode } from './constants.ts'
import { lineAt, type Objection, type Tree } from './tree.ts'

/** How many exceptions each rule has. */
export const EXCEPTIONS = {
  sql: 11,
  regexp: 4,
  shell: 0,
  random: 2,
  tls: 0,
  timing: 3,
  html: 0,
  disclosure: 3,
} as const satisfies Readonly<Record<string, number>>

type Rule = keyof typeof EXCEPTIONS

const MEND: Readonly<Record<Rule, string>> = {
  sql: 'bind values as parameters; put only constants into the text',
  regexp: 'match with a pattern that is a constant, or escape it with RegExp.escape',
  shell: 'run the program itself with a list of arguments',
  random: 'use randomBytes or randomUUID of node:crypto',
  tls: 'verify certificates; give a private authority as `ca`',
  timing: 'compare hashes with timingSafeEqual of node:crypto',
  html: 'set textContent, or render with Preact',
  disclosure: 'answer with a text of the code; log the error',
}

const SOURCE = /\.(?:ts|tsx|mts|mjs)$/u
const TESTING = /^test\/|\.(?:test|fixture|harness|model)\.|(?:^|\/)dev\//u
const EXCEPTION = /\ballowed: (?<rule>[a-z]+): \S/u

/** @param exceptions - How many each rule has; those of this repository by default. */
export function checkSource(tree: Tree, exceptions: Readonly<Record<Rule, number>> = EXCEPTIONS): readonly Objection[] {
  const counted = new Map<string, number>()
  const objections = tree.files
    .filter((file) => SOURCE.test(file) && !TESTING.test(file))
    .flatMap((file) => objectionsTo(file, tree.read(file), (rule) => counted.set(rule, (counted.get(rule) ?? 0) + 1)))
  const miscounted = Object.entries(exceptions).flatMap(([rule, number]) => {
    const count = counted.get(rule) ?? 0
    const wrong = `the rule ${rule} has ${count} exceptions, not ${number}`
    return count === number
      ? []
      : [{ file: 'test/check/source-rules.ts', line: 1, wrong, mend: 'review them, then set the number' }]
  })
  return [...objections, ...miscounted]
}

interface Finding {
  readonly rule: Rule
  readonly start: number
  readonly wrong: string
}

function objectionsTo(file: string, text: string, countException: (rule: Rule) => void): readonly Objection[] {
  const { program, comments } = parseSync(file, text)
  const excepted = new Map(
    comments.flatMap(({ value, end }) => {
      const rule = EXCEPTION.exec(value)?.groups?.['rule']
      return rule === undefined ? [] : [[lineAt(text, end), rule] as const]
    }),
  )
  const findings = findingsIn(program as unknown as SyntaxNode)
  const used = new Set<number>()
  const objections = findings.flatMap(({ rule, start, wrong }) => {
    const line = lineAt(text, start)
    const at = [line, line - 1].find((each) => excepted.get(each) === rule)
    if (at === undefined) return [{ file, line, wrong: `${rule}: ${wrong}`, mend: MEND[rule] }]
    if (!used.has(at)) countException(rule)
    used.add(at)
    return []
  })
  const unused = [...excepted].flatMap(([line, rule]) =>
    used.has(line)
      ? []
      : [{ file, line, wrong: `an exception from ${rule}, which finds nothing here`, mend: 'delete the comment' }],
  )
  return [...objections, ...unused]
}

/** Walks a program, from its first statement on. */
function findingsIn(program: SyntaxNode): readonly Finding[] {
  const bindings = bindingsOf(program)
  const findings: Finding[] = []
  const visit = (node: SyntaxNode): void => {
    for (const look of RULES) {
      const found = look(node, bindings)
      if (found !== undefined) findings.push({ ...found, start: node.start })
    }
    for (const child of childrenOf(node)) visit(child)
  }
  visit(program)
  return findings
}

type Look = (node: SyntaxNode, bindings: Bindings) => Omit<Finding, 'start'> | undefined

const SQL =
  /^\s*(?:SELECT\b|INSERT INTO\b|UPDATE \S+ SET\b|DELETE FROM\b|(?:CREATE|ALTER|DROP) (?:TABLE|INDEX|SCHEMA)\b|WITH \w+ AS\b)/u

/** A template or a sum that begins as SQL does and has a part that is no constant. */
const sql: Look = (node, bindings) => {
  const isSum = node.type === 'BinaryExpression' && node['operator'] === '+'
  if (!isSum && node.type !== 'TemplateLiteral') return undefined
  const first = isSum ? leftmost(node) : quasisOf(node)[0]
  if (first === undefined || !SQL.test(first) || isConstant(node, bindings)) return undefined
  return { rule: 'sql', wrong: 'SQL with a part that is no constant' }
}

function leftmost(node: SyntaxNode): string | undefined {
  const left = node['left']
  if (isNode(left)) return leftmost(left)
  if (node.type === 'TemplateLiteral') return quasisOf(node)[0]
  return node.type === 'Literal' && typeof node['value'] === 'string' ? node['value'] : undefined
}

const quasisOf = (node: SyntaxNode): readonly string[] =>
  (node['quasis'] as readonly { readonly value: { readonly cooked: string | null } }[]).map(
    ({ value }) => value.cooked ?? '',
  )

const regexp: Look = (node, bindings) => {
  if (nameOf(node['callee']) !== 'RegExp' || (node.type !== 'NewExpression' && node.type !== 'CallExpression'))
    return undefined
  const [pattern] = node['arguments'] as readonly SyntaxNode[]
  if (pattern === undefined || isConstant(pattern, bindings)) return undefined
  return { rule: 'regexp', wrong: 'a regular expression with a part that is no constant' }
}

const shell: Look = (node) => {
  if (node.type === 'ImportSpecifier' && ['exec', 'execSync'].includes(nameOf(node['imported']) ?? ''))
    return { rule: 'shell', wrong: 'exec passes its command through a shell' }
  if (!isProperty(node, 'shell') || isLiteral(node['value'], false)) return undefined
  return { rule: 'shell', wrong: 'a program is started through a shell' }
}

const random: Look = (node) =>
  node.type === 'MemberExpression' && nameOf(node['object']) === 'Math' && nameOf(node['property']) === 'random'
    ? { rule: 'random', wrong: 'Math.random can be predicted' }
    : undefined

const NO_VERIFICATION = 'NODE_TLS_REJECT_UNAUTHORIZED'

const tls: Look = (node) => {
  if (isProperty(node, 'rejectUnauthorized') && !isLiteral(node['value'], true))
    return { rule: 'tls', wrong: 'certificates are not verified' }
  if (isProperty(node, 'checkServerIdentity'))
    return { rule: 'tls', wrong: 'the name in a certificate is checked by own code' }
  if (isProperty(node, 'minVersion') && (isLiteral(node['value'], 'TLSv1') || isLiteral(node['value'], 'TLSv1.1')))
    return { rule: 'tls', wrong: 'TLS older than 1.2' }
  const isSet = node.type === 'AssignmentExpression' && memberOf(node['left']) === NO_VERIFICATION
  return isSet || isProperty(node, NO_VERIFICATION)
    ? { rule: 'tls', wrong: 'turns verification off for a whole process' }
    : undefined
}

const SECRET = /(?:secret|password|passphrase|hmac|mac|signature|api_?key|otp|challenge|token|code_?verifier)$/iu
const EQUALITY = ['==', '===', '!=', '!==']

/** `==` between a name of a secret and what is no constant. */
const timing: Look = (node, bindings) => {
  if (node.type !== 'BinaryExpression' || !EQUALITY.includes(String(node['operator']))) return undefined
  const sides = [node['left'], node['right']].filter(isNode)
  const isAboutSecret = sides.some((side) => SECRET.test(nameOf(side) ?? ''))
  if (!isAboutSecret || sides.some((side) => isNothing(side) || isConstant(side, bindings))) return undefined
  return { rule: 'timing', wrong: 'a secret is compared in a time that depends on how much of it is right' }
}

const isNothing = (node: SyntaxNode): boolean => nameOf(node) === 'undefined' || node.type === 'UnaryExpression'

const HTML = [
  'innerHTML',
  'outerHTML',
  'insertAdjacentHTML',
  'dangerouslySetInnerHTML',
  'srcdoc',
  'createContextualFragment',
]

const html: Look = (node) => {
  const name = node.type === 'MemberExpression' ? nameOf(node['property']) : undefined
  const attribute = node.type === 'JSXAttribute' ? nameOf(node['name']) : undefined
  if (HTML.includes(name ?? attribute ?? '')) return { rule: 'html', wrong: `${name ?? attribute} makes HTML of text` }
  const called = node.type === 'CallExpression' || node.type === 'NewExpression' ? nameOf(node['callee']) : undefined
  return called === 'eval' || called === 'Function'
    ? { rule: 'html', wrong: `${called} makes code of text` }
    : undefined
}

const RESPONSES = ['res', 'response', 'reply', 'c', 'context']
const ANSWERS = /^(?:json|send|end|write|set|setHeader|html|text|body)$/u
/** Functions of our own: they are given the response or the status first. */
const SENDERS = /^(?:send|answer|reply|respond)\w*$/u

/** The message or stack of an error among the arguments of a call that answers a request. */
const disclosure: Look = (node) => {
  const { callee } = node
  if (node.type !== 'CallExpression' || !isNode(callee)) return undefined
  const given = node['arguments'] as readonly SyntaxNode[]
  const object = callee['object']
  const isAnswer =
    callee.type === 'MemberExpression'
      ? ANSWERS.test(nameOf(callee) ?? '') && RESPONSES.includes(rootOf(object) ?? '')
      : SENDERS.test(nameOf(callee) ?? '') && isResponseOrStatus(given[0])
  const disclosing = isAnswer && given.some(hasMessage)
  return disclosing ? { rule: 'disclosure', wrong: 'the message of an error is sent in a response' } : undefined
}

const isResponseOrStatus = (node: SyntaxNode | undefined): boolean =>
  node !== undefined && (node.type === 'Literal' || [...RESPONSES, 'status'].includes(nameOf(node) ?? ''))

const FAULT = /^(?:e|err|error|cause|reason|exception|failure)$/u

function hasMessage(node: SyntaxNode): boolean {
  const isError = node.type === 'MemberExpression' && FAULT.test(nameOf(node['object']) ?? '')
  if (isError && ['message', 'stack', 'cause'].includes(nameOf(node['property']) ?? '')) return true
  return [...childrenOf(node)].some(hasMessage)
}

/** The variable that a chain of members and calls begins with: `res` of `res.status(500).json`. */
function rootOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Identifier') return String(node['name'])
  return rootOf(node['object'] ?? node['callee'])
}

/** The name of an identifier, or of the last member of a chain. */
function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'MemberExpression') return nameOf(node['property'])
  if (node.type === 'TSAsExpression' || node.type === 'ParenthesizedExpression') return nameOf(node['expression'])
  const { name } = node
  return typeof name === 'string' ? name : undefined
}

/** The property of `object.name` and of `object['name']`. */
function memberOf(node: unknown): unknown {
  if (!isNode(node) || node.type !== 'MemberExpression' || !isNode(node['property'])) return undefined
  return node['property']['name'] ?? node['property']['value']
}

const isProperty = (node: SyntaxNode, name: string): boolean =>
  node.type === 'Property' && (nameOf(node['key']) === name || isLiteral(node['key'], name))

const isLiteral = (node: unknown, value: unknown): boolean =>
  isNode(node) && node.type === 'Literal' && node['value'] === value

const RULES: readonly Look[] = [sql, regexp, shell, random, tls, timing, html, disclosure]
