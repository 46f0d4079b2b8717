/**
 * Decisions of a domain's own model: is the subject in this relation to the resource? What the relation's conditions look at comes from the
 * request, else from what a service stored, else from the manifest; ownership, personas and grants have no part in it.
 *
 * @module
 */
import { type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'
import type { AttributeRule } from '../policy/manifest.ts'
import { SECTIONS } from '../policy/model.ts'
import { type Answers, FactsChanged, Unanswered } from '../ports/answer.ts'
import type { Circumstances, Question } from '../ports/question.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import type { Admitted, AskedRelation } from './admit.ts'
import { parameterOf } from './attributes.ts'
import type { Finding, Verdict } from './question.ts'

/** An agent takes part only as the subject itself: nobody gave it anything to use here for somebody else. */
export async function decideByRelation(
  admitted: Admitted,
  relation: AskedRelation,
  relations: Relations,
  statistics: RequestStatistics,
): Promise<Verdict> {
  const { subject, actor } = admitted.evaluation
  const agents = [subject, ...(actor ? [actor] : [])].filter((party) => splitRef(party).type === 'agent')
  const { properties, question, answers } = await ask(admitted, relation, agents, relations, statistics)
  const invalid = [...properties.invalid, ...unusableIn(question, answers, admitted)]
  const findings: Finding[] = admitted.isSessionEnded ? [{ code: 'session_ended' }] : []
  for (const agent of agents) {
    if (answers.affirms({ kind: 'agent', agent })) continue
    findings.push({ code: (await relations.isRegistered(agent, statistics)) ? 'agent_suspended' : 'agent_unknown' })
  }
  if (actor && findings.length === 0) findings.push({ code: 'not_on_behalf' })
  if (!actor && answers.to(question) !== true)
    findings.push(
      ...(invalid.length > 0
        ? [...new Set(invalid)].map((attribute): Finding => ({ code: 'attribute_invalid', attribute }))
        : [{ code: 'not_related' } as const]),
    )
  return verdictOf(admitted, findings, properties.logged, statistics)
}

/** How often what was read is read again, when facts changed before it was asked about. */
const ATTEMPTS = 10

/** Reads the attributes and asks: of both as they are together, so that no change of several facts is seen in part. */
async function ask(
  admitted: Admitted,
  relation: AskedRelation,
  agents: readonly PartyRef[],
  relations: Relations,
  statistics: RequestStatistics,
): Promise<{ readonly properties: Properties; readonly question: Question; readonly answers: Answers }> {
  const { subject, resource } = admitted.evaluation
  for (let attempt = 1; ; attempt += 1) {
    const asOf = relations.factsVersion
    const properties = await propertiesOf(admitted, relations, statistics)
    const question: Question = {
      kind: 'relation',
      subject,
      relation: relation.name,
      resource,
      domain: relation.inDomain ? admitted.pack.manifest.domain : undefined,
      context: properties.context,
      asOf,
    }
    const questions = [question, ...agents.map((agent): Question => ({ kind: 'agent', agent }))]
    try {
      const answers = await relations.ask(questions, circumstancesOf(admitted), statistics)
      return { properties, question, answers }
    } catch (error) {
      if (!(error instanceof FactsChanged) || attempt === ATTEMPTS) throw error
    }
  }
}

/**
 * The attributes that a condition needs and that are missing or of another type. A parameter that is no attribute at all was left out of a fact,
 * and is named as the model has it.
 *
 * @throws Unanswered for whatever else the store could not evaluate.
 */
function unusableIn(question: Question, answers: Answers, { pack: { manifest } }: Admitted): readonly string[] {
  const answer = answers.to(question)
  if (!(answer instanceof Unanswered)) return []
  if (answer.parameters.length === 0) throw answer
  return answer.parameters.map((parameter) => {
    const section = SECTIONS.find(
      ([name, of]) => Object.hasOwn(manifest[name], parameter.slice(of.length + 1)) && parameter.startsWith(`${of}_`),
    )
    return section ? parameter.slice(section[1].length + 1) : parameter
  })
}

interface Properties {
  /** As the conditions are given them: `subject_role`. */
  readonly context: Readonly<Record<string, unknown>>
  /** What was sent or stored and is not of its type, by name; such a one is missing, whatever else is stored. */
  readonly invalid: readonly string[]
  /** Quantities and flags: texts may be anybody's words, and stay out of the log. */
  readonly logged: Readonly<Record<string, number | boolean>>
}

async function propertiesOf(
  admitted: Admitted,
  relations: Relations,
  statistics: RequestStatistics,
): Promise<Properties> {
  const { pack, evaluation } = admitted
  const { manifest } = pack
  const stored = (rules: Rules, of: ResourceRef) =>
    Object.keys(rules).length > 0 ? relations.attributesOf(manifest.domain, of, statistics) : {}
  const [subject, resource] = await Promise.all([
    stored(manifest.subject_attributes, evaluation.subject),
    stored(manifest.attributes, evaluation.resource),
  ])
  const { about, attributes } = evaluation
  const context: Record<string, unknown> = {}
  const invalid: string[] = []
  const logged: Record<string, number | boolean> = {}
  const add = (of: string, rules: Rules, facts: Sent, sent: Sent): void => {
    for (const [name, rule] of Object.entries(rules)) {
      // What was sent goes first, even when it is nothing that could be used: then it is not made up for from elsewhere.
      const [source] = [sent, facts].filter((members) => Object.hasOwn(members, name))
      const found = source ? source[name] : rule.default
      if (found === undefined || rule.type === 'money') continue
      const value = parameterOf(rule, found)
      if (value === undefined) invalid.push(name)
      else context[`${of}_${name}`] = value
      if (typeof value === 'number' || typeof value === 'boolean') logged[`${of}.${name}`] = value
    }
  }
  add('subject', manifest.subject_attributes, subject, about.subject)
  add('resource', manifest.attributes, resource, attributes)
  add('action', manifest.action_attributes, {}, about.action)
  return { context, invalid, logged }
}

type Rules = Readonly<Record<string, AttributeRule>>
type Sent = Readonly<Record<string, unknown>>

/** No scope, limit or persona comes into it. */
const circumstancesOf = ({ model, now, evaluation }: Admitted): Circumstances => ({
  model,
  now,
  action: evaluation.action,
  within: [],
  acting: [],
  limited: false,
  attributes: {},
})

function verdictOf(
  { pack, model, now }: Admitted,
  findings: readonly Finding[],
  attributes: Verdict['attributes'],
  statistics: RequestStatistics,
): Verdict {
  return {
    decision: findings.length === 0,
    reasons: findings.length === 0 ? [{ code: 'related' }] : findings,
    chain: [],
    at: now,
    persona: undefined,
    owner: undefined,
    ownerPersona: undefined,
    root: undefined,
    policy: pack.version,
    model,
    attributes,
    roundTrips: statistics.roundTrips,
  }
}
