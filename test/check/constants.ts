/**
 * Tells whether an expression can only have values that are written in the source: literals, and what is made of them. Looks at one file, and is cautious:
 * what it cannot follow is no constant. A name in capitals is a constant by convention, also an imported one.
 *
 * @module
 */

/** A node of oxc's syntax tree, which is ESTree with the types of TypeScript. */
export interface SyntaxNode {
  readonly type: string
  /** Offset into the file. */
  readonly start: number
  readonly [member: string]: unknown
}

/** What a name is bound to: an expression, a number or a text of a type that lists its literals, or something else. */
type Binding = SyntaxNode | 'literal' | 'unknown'

/** All bindings of each name in a file, whatever their scope. */
export type Bindings = ReadonlyMap<string, readonly Binding[]>

export const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

const CONSTANT_NAME = /^[A-Z][A-Z0-9_]*$/u
/** Methods whose result is made of their object and their arguments. */
const COMPOSING = ['join', 'replaceAll', 'replace', 'trim', 'toLowerCase', 'toUpperCase', 'filter']
/** Functions whose result is safe in SQL or in a pattern, whatever they are given: placeholders such as `$1`, and text that is escaped. */
const SAFE = ['inList', 'placesFrom', 'RegExp.escape']

/** Children of a node, in the order of the source. */
export function* childrenOf(node: SyntaxNode): Generator<SyntaxNode> {
  for (const child of Object.values(node)) {
    if (isNode(child)) yield child
    else if (Array.isArray(child)) yield* child.filter(isNode)
  }
}

export function bindingsOf(program: SyntaxNode): Bindings {
  const bindings = new Map<string, Binding[]>()
  const bind = (pattern: unknown, binding: Binding): void => {
    for (const name of namesIn(pattern)) bindings.set(name, [...(bindings.get(name) ?? []), binding])
  }
  /** Parameters and variables that have been bound with what surrounds them. */
  const bound = new Set<SyntaxNode>()
  const visit = (node: SyntaxNode): void => {
    if (node.type === 'CallExpression') bindCallback(node, bind, bound)
    if (node.type === 'ForOfStatement') bindLoop(node, bind, bound)
    const { id, init, params } = node
    if (node.type === 'VariableDeclarator' && !bound.has(node)) bind(id, isNode(init) ? init : 'unknown')
    if (Array.isArray(params) && !bound.has(node))
      for (const param of params.filter(isNode)) bind(param, hasLiteralType(param) ? 'literal' : 'unknown')
    for (const child of childrenOf(node)) visit(child)
  }
  visit(program)
  return bindings
}

type Bind = (pattern: unknown, binding: Binding) => void

/** `list.map((one, at) => …)`: `one` is an element of the list, `at` a number. */
function bindCallback(call: SyntaxNode, bind: Bind, bound: Set<SyntaxNode>): void {
  const { callee } = call
  const [callback] = call['arguments'] as readonly SyntaxNode[]
  if (!isNode(callee) || callee.type !== 'MemberExpression' || callback?.type !== 'ArrowFunctionExpression') return
  const { object, property } = callee
  if (!isNode(object) || !isNode(property) || !['map', 'flatMap', 'filter'].includes(String(property['name']))) return
  const [one, at] = callback['params'] as readonly SyntaxNode[]
  bound.add(callback)
  bind(one, object)
  bind(at, 'literal')
}

/** `for (const one of list)`: `one` is an element of the list. */
function bindLoop(loop: SyntaxNode, bind: Bind, bound: Set<SyntaxNode>): void {
  const { left, right } = loop
  const [variable] = isNode(left) && left.type === 'VariableDeclaration' ? (left['declarations'] as SyntaxNode[]) : []
  if (variable === undefined || !isNode(right)) return
  bound.add(variable)
  bind(variable['id'], right)
}

/** The names that a pattern binds: one identifier, or those of `{ a, b: c }` and `[a, , b]`. */
function namesIn(pattern: unknown): readonly string[] {
  if (!isNode(pattern)) return []
  if (pattern.type === 'Identifier') return [String(pattern['name'])]
  if (pattern.type === 'Property') return namesIn(pattern['value'])
  if (pattern.type === 'AssignmentPattern') return namesIn(pattern['left'])
  if (pattern.type === 'RestElement') return namesIn(pattern['argument'])
  return ['ObjectPattern', 'ArrayPattern'].includes(pattern.type) ? [...childrenOf(pattern)].flatMap(namesIn) : []
}

/** Whether a parameter can be a number, a truth value, or one of the texts that its type lists. */
function hasLiteralType(param: SyntaxNode): boolean {
  const annotation = param['typeAnnotation']
  const type = isNode(annotation) ? annotation['typeAnnotation'] : undefined
  return param.type === 'Identifier' && isNode(type) && hasLiteralsAlone(type)
}

function hasLiteralsAlone(type: SyntaxNode): boolean {
  if (['TSLiteralType', 'TSNumberKeyword', 'TSBooleanKeyword'].includes(type.type)) return true
  return type.type === 'TSUnionType' && (type['types'] as readonly SyntaxNode[]).every(hasLiteralsAlone)
}

/** @param within - Names that are being followed, so that a cycle ends. */
export function isConstant(node: SyntaxNode, bindings: Bindings, within: readonly string[] = []): boolean {
  const every = (...nodes: readonly unknown[]): boolean =>
    nodes.every((one) => isNode(one) && isConstant(one, bindings, within))
  const all = (nodes: unknown): boolean => every(...(nodes as readonly unknown[]))
  switch (node.type) {
    case 'Literal':
      return true
    case 'Identifier':
      return isConstantName(String(node['name']), bindings, within)
    case 'TemplateLiteral':
      return all(node['expressions'])
    case 'TaggedTemplateExpression':
      return dottedName(node['tag']) === 'String.raw' && every(node['quasi'])
    case 'BinaryExpression':
    case 'LogicalExpression':
      return every(node['left'], node['right'])
    case 'ConditionalExpression':
      return every(node['consequent'], node['alternate'])
    case 'ArrayExpression':
      return all(node['elements'])
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
      return every(node['expression'])
    case 'SpreadElement':
      return every(node['argument'])
    case 'ArrowFunctionExpression':
      return node['expression'] === true && every(node['body'])
    case 'MemberExpression':
      return isConstantMember(node, every)
    case 'CallExpression':
      return isConstantCall(node, every)
    default:
      return false
  }
}

type Every = (...nodes: readonly unknown[]) => boolean

function isConstantName(name: string, bindings: Bindings, within: readonly string[]): boolean {
  if (CONSTANT_NAME.test(name)) return true
  if (within.includes(name)) return false
  const found = bindings.get(name) ?? ['unknown']
  return found.every(
    (binding) => binding === 'literal' || (isNode(binding) && isConstant(binding, bindings, [...within, name])),
  )
}

/** `NAMES.first`, and `rows.length` of anything. */
function isConstantMember({ object, property, computed }: SyntaxNode, every: Every): boolean {
  if (computed === false && isNode(property) && property['name'] === 'length') return true
  return every(object) && (computed === false || every(property))
}

/** Safe functions; a list that is mapped to constants; a composing method of a constant; any function of constants alone. */
function isConstantCall(node: SyntaxNode, every: Every): boolean {
  const { callee } = node
  const given = node['arguments'] as readonly unknown[]
  if (!isNode(callee)) return false
  if (SAFE.includes(dottedName(callee) ?? '')) return true
  if (callee.type === 'Identifier') return given.length > 0 && every(...given)
  const { object, property } = callee
  if (!isNode(property) || callee.type !== 'MemberExpression') return false
  const method = String(property['name'])
  if (['map', 'flatMap'].includes(method)) return every(...given)
  return COMPOSING.includes(method) && every(object, ...(method === 'filter' ? [] : given))
}

/** `a`, or `a.b`. */
function dottedName(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Identifier') return String(node['name'])
  const { object, property } = node
  return isNode(object) && isNode(property) && object.type === 'Identifier'
    ? `${String(object['name'])}.${String(property['name'])}`
    : undefined
}
