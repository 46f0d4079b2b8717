/**
 * Checks the names in a pack's cases and facts against the file itself, the manifest and the model: undeclared people, unknown actions, reasons that no
 * gate has. Pure.
 *
 * @module
 */
import {
  attributeObjection,
  type Manifest,
  type Policies,
  suggestion,
  suggestionOrList,
  type Whereabouts,
} from '@mandate/pdp'
import { type FactRequest, PERMIT_REASONS, REASONS } from '@mandate/protocol'
import { readAsk } from './ask.ts'
import { type CaseFile, type CaseQuestion, type CaseStep, instantIn } from './cases.ts'
import { checkFacts, type Known, type Objecting, type Path } from './fact-objections.ts'

/** Checks `cases.yaml`. @returns Each mistake as `file:line: message`. */
export function caseObjections(
  file: CaseFile,
  manifest: Manifest,
  model: Policies['model'] | undefined,
  where: Whereabouts,
): readonly string[] {
  const found: string[] = []
  const names = new Names(file, manifest, model, (path, message) => {
    found.push(`${where(path)}: ${path.map(String).join('.')}: ${message}`)
  })
  checkWorld(file, names)
  for (const [index, { given, when, then }] of file.cases.entries()) {
    const grants = new Set<string>()
    for (const [section, steps] of [
      ['given', given],
      ['when', when],
    ] as const)
      for (const [at, step] of steps.entries()) checkStep(step, ['cases', index, section, at], names, grants)
    for (const [at, question] of then.entries()) checkQuestion(question, ['cases', index, 'then', at], names)
  }
  return found
}

/** Checks `facts.yaml`. @returns Each mistake as `file:line: message`. */
export function factObjections(
  { domain, facts }: { readonly domain: string; readonly facts: readonly FactRequest[] },
  manifest: Manifest,
  model: Policies['model'] | undefined,
  where: Whereabouts,
): readonly string[] {
  const found: string[] = []
  const object: Objecting = (path, message) => {
    found.push(`${where(path)}: ${path.map(String).join('.')}: ${message}`)
  }
  if (domain !== manifest.domain) object(['domain'], `the manifest's is ${manifest.domain}`)
  checkFacts(facts, ['facts'], { manifest, model, object })
  return found
}

/** Looks up the names that cases use. */
class Names implements Known {
  readonly file: CaseFile
  readonly manifest: Manifest
  /** `undefined` when the model does not compile. */
  readonly model: Policies['model'] | undefined
  readonly object: Objecting

  constructor(file: CaseFile, manifest: Manifest, model: Policies['model'] | undefined, object: Objecting) {
    this.file = file
    this.manifest = manifest
    this.model = model
    this.object = object
  }

  person(name: string | undefined, path: Path): void {
    if (name !== undefined && !Object.hasOwn(this.file.people, name))
      this.object(path, `there is no "${name}" under people${suggestion(name, Object.keys(this.file.people))}`)
  }

  party(name: string, path: Path): void {
    const { people, agents } = this.file
    if (!Object.hasOwn(people, name) && !agents.includes(name))
      this.object(
        path,
        `there is no "${name}" under people or agents${suggestion(name, [...Object.keys(people), ...agents])}`,
      )
  }

  resource(name: string | undefined, path: Path): void {
    if (name !== undefined && !Object.hasOwn(this.file.resources, name))
      this.object(path, `there is no "${name}" under resources${suggestion(name, Object.keys(this.file.resources))}`)
  }

  /** A persona that the person has. */
  persona(of: string, persona: string | undefined, path: Path): void {
    const held = Object.hasOwn(this.file.people, of) ? this.file.people[of] : undefined
    if (held && persona !== undefined && !held.includes(persona)) this.object(path, `${of} has no persona ${persona}`)
  }

  actions(actions: readonly string[], path: Path): void {
    for (const [index, action] of actions.entries())
      if (!Object.hasOwn(this.manifest.actions, action))
        this.object(
          [...path, index],
          `the manifest has no action "${action}"${suggestion(action, Object.keys(this.manifest.actions))}`,
        )
  }

  attributes(sent: object, rules: object, path: Path): void {
    for (const name of Object.keys(sent))
      if (!Object.hasOwn(rules, name))
        this.object(
          [...path, name],
          `the manifest has no attribute "${name}" here${suggestion(name, Object.keys(rules))}`,
        )
  }

  /** Values of a resource's attributes. Those of a question may be wrong on purpose, to see the denial. */
  values(sent: Readonly<Record<string, unknown>>, path: Path): void {
    for (const [name, value] of Object.entries(sent)) {
      const type = Object.hasOwn(this.manifest.attributes, name) ? this.manifest.attributes[name]?.type : undefined
      if (type === undefined || (type === 'instant' && instantIn(value, 0) !== undefined)) continue
      const objection = attributeObjection(type, value)
      const relative = type === 'instant' ? ' Or relative to now: in 5 hours, 3 days ago.' : ''
      if (objection !== undefined) this.object([...path, name], `${objection}${relative}`)
    }
  }

  /** Settings of a persona: each limit by the name of its gate. */
  settings(limits: Readonly<Record<string, Bounds>>, path: Path): void {
    const gates = this.manifest.gates.filter(({ attribute }) => attribute !== undefined)
    for (const [name, bounds] of Object.entries(limits)) {
      const gate = gates.find((one) => one.name === name)
      const known = gates.map((one) => one.name)
      if (!gate)
        this.object(
          [...path, name],
          `the manifest has no such gate${suggestion(name, known)}; it has ${known.join(', ') || 'none'}`,
        )
      else if (gate.bound !== undefined && bounds[gate.bound] === undefined)
        this.object([...path, name], `the gate ${name} is ${gate.bound}: write { ${gate.bound}: … }`)
      else if (gate.attribute !== undefined) this.#bound(gate.attribute, bounds, [...path, name])
    }
  }

  /** Limits of a grant: each names an attribute. */
  limits(limits: readonly (Bounds & { readonly attribute: string })[], path: Path): void {
    for (const [index, limit] of limits.entries()) {
      const at = [...path, index]
      if (Object.hasOwn(this.manifest.attributes, limit.attribute)) this.#bound(limit.attribute, limit, at)
      else this.attributes({ [limit.attribute]: true }, this.manifest.attributes, at)
    }
  }

  #bound(attribute: string, bounds: Bounds, path: Path): void {
    const type = this.manifest.attributes[attribute]?.type
    if ((bounds.at_most === undefined) === (bounds.at_least === undefined))
      this.object(path, 'needs at_most or at_least, one of them')
    if (type === 'money' && bounds.currency === undefined)
      this.object(path, `${attribute} is money, in minor units: add its currency, such as currency: EUR`)
    if (type !== 'money' && bounds.currency !== undefined)
      this.object(path, `${attribute} is no money, so that it has no currency`)
  }
}

/** A bound as settings and limits write it. */
interface Bounds {
  readonly at_most?: number | undefined
  readonly at_least?: number | undefined
  readonly currency?: string | undefined
}

function checkWorld({ people, agents, resources, autonomy, facts }: CaseFile, names: Names): void {
  const { manifest, object } = names
  for (const [name, personas] of Object.entries(people)) {
    if (agents.includes(name)) object(['people', name], 'is an agent as well')
    for (const persona of personas) {
      const [title = ''] = persona.split('/')
      if (!Object.hasOwn(manifest.titles, title))
        object(
          ['people', name],
          `the manifest has no title "${title}"${suggestionOrList(title, Object.keys(manifest.titles))}`,
        )
    }
  }
  for (const [name, resource] of Object.entries(resources)) {
    const path = ['resources', name]
    const { type, owner, parent, persona } = resource
    const rule = Object.hasOwn(manifest.resources, type) ? manifest.resources[type] : undefined
    if (!rule)
      object(
        [...path, 'type'],
        `the manifest has no resource type "${type}"${suggestionOrList(type, Object.keys(manifest.resources))}`,
      )
    names.attributes(resource.with, manifest.attributes, [...path, 'with'])
    names.values(resource.with, [...path, 'with'])
    names.person(owner, [...path, 'owner'])
    names.resource(parent, [...path, 'parent'])
    if (owner !== undefined) names.persona(owner, persona, [...path, 'persona'])
    if (rule && manifest.account) checkPlace(names, path, rule.parent, resource)
  }
  for (const [name, { limits }] of Object.entries(autonomy)) {
    names.person(name, ['autonomy', name])
    names.settings(limits, ['autonomy', name, 'limits'])
  }
  checkFacts(facts, ['facts'], names)
}

/** A resource has an owner or a parent, as the manifest requires of its type. */
function checkPlace(
  { file, object }: Names,
  path: Path,
  above: string | undefined,
  { type, owner, parent }: CaseFile['resources'][string],
): void {
  if (above === undefined && owner === undefined) object(path, `a ${type} needs an owner`)
  if (above === undefined && parent !== undefined) object([...path, 'parent'], `a ${type} has no parent`)
  if (above !== undefined && owner !== undefined) object([...path, 'owner'], `a ${type} is its parent's owner's`)
  if (above !== undefined && (parent === undefined || (file.resources[parent]?.type ?? above) !== above))
    object(path, `a ${type} needs a ${above} as its parent`)
}

function checkStep(step: CaseStep, path: Path, names: Names, grants: Set<string>): void {
  const { grant, revoke, autonomy, persona, agent, transfer } = step
  if (grant) {
    const at = [...path, 'grant']
    names.party(grant.from, [...at, 'from'])
    names.party(grant.to, [...at, 'to'])
    names.actions(grant.actions, [...at, 'actions'])
    names.persona(grant.from, grant.persona, [...at, 'persona'])
    names.limits(grant.limits ?? [], [...at, 'limits'])
    if (grant.on !== 'all') names.resource(grant.on, [...at, 'on'])
    if (grant.parent !== undefined && !grants.has(grant.parent))
      names.object(
        [...at, 'parent'],
        `no grant before is named "${grant.parent}"${suggestion(grant.parent, [...grants])}`,
      )
    if (grant.name !== undefined) grants.add(grant.name)
  }
  if (revoke) {
    if (!grants.has(revoke.grant)) names.object([...path, 'revoke', 'grant'], `no grant before has that name`)
    if (revoke.by !== undefined) names.party(revoke.by, [...path, 'revoke', 'by'])
  }
  if (autonomy) {
    names.person(autonomy.of, [...path, 'autonomy', 'of'])
    names.persona(autonomy.of, autonomy.persona, [...path, 'autonomy', 'persona'])
    if (autonomy.settings !== 'none')
      names.settings(autonomy.settings.limits, [...path, 'autonomy', 'settings', 'limits'])
  }
  if (persona) {
    names.person(persona.of, [...path, 'persona', 'of'])
    names.persona(persona.of, persona.name, [...path, 'persona', 'name'])
  }
  if (agent && !names.file.agents.includes(agent.name))
    names.object([...path, 'agent', 'name'], `there is no "${agent.name}" under agents`)
  checkFacts(step.facts ?? [], [...path, 'facts'], names)
  checkFacts(step.without ?? [], [...path, 'without'], names)
  if (transfer) {
    names.resource(transfer.resource, [...path, 'transfer', 'resource'])
    names.person(transfer.to, [...path, 'transfer', 'to'])
    names.persona(transfer.to, transfer.persona, [...path, 'transfer', 'persona'])
  }
}

function checkQuestion(question: CaseQuestion, path: Path, names: Names): void {
  const { manifest, object } = names
  const at = [...path, 'ask']
  const { subject, actor, persona, action, what } = readAsk(question.ask) ?? { subject: '', action: '' }
  names.party(subject, at)
  if (actor !== undefined && !names.file.agents.includes(actor)) object(at, `there is no "${actor}" under agents`)
  if (persona !== 'nobody') names.persona(subject, persona, at)
  const rule = Object.hasOwn(manifest.actions, action) ? manifest.actions[action] : undefined
  if (!rule) object(at, `the manifest has no action "${action}"${suggestion(action, Object.keys(manifest.actions))}`)
  const account = what?.startsWith('account:') ? what.slice('account:'.length) : undefined
  if (rule && (rule.on === 'account') !== (account !== undefined))
    object(at, rule.on === 'account' ? `${action} is asked of account:<person>` : `${action} is asked of a resource`)
  if (account !== undefined) names.person(account, at)
  else if (what === undefined) object(at, 'of what? Name a resource')
  else names.resource(what, at)
  names.attributes(question.with, manifest.attributes, [...path, 'with'])
  names.attributes(question.with_subject, manifest.subject_attributes, [...path, 'with_subject'])
  names.attributes(question.with_action, manifest.action_attributes, [...path, 'with_action'])
  for (const [index, name] of (question.chain ?? []).entries()) names.party(name, [...path, 'chain', index])
  checkAnswer(question, path, names)
}

const isPermit = (code: string): boolean => (PERMIT_REASONS as readonly string[]).includes(code)

function checkAnswer({ permit, deny = [] }: CaseQuestion, path: Path, { manifest, object }: Names): void {
  if (permit !== undefined && !isPermit(permit))
    object([...path, 'permit'], `no permit has the reason "${permit}"; they are ${PERMIT_REASONS.join(', ')}`)
  const gates = manifest.gates.map(({ reason }) => reason)
  const known = [...Object.keys(REASONS), ...gates].filter((code) => !isPermit(code))
  for (const [index, code] of deny.entries())
    if (isPermit(code) || !(Object.hasOwn(REASONS, code) || gates.some((gate) => gate === code)))
      object(
        [...path, 'deny', index],
        `neither the core nor a gate of the manifest denies with "${code}"${suggestion(code, known)}`,
      )
}
