/**
 * Decisions by a domain's own model: is the subject in this relation to the resource? Attributes for the relation's conditions come from the request,
 * else from the facts that a service stored, else from the manifest's defaults. Ownership, personas and grants are not used.
 *
 * @module
 */
import { type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'
import type { AttributeRule } from '../policy/manifest.ts'
import { SECTIONS } from '../policy/model.ts'
import { type Answers, FactsChanged, Unanswered } from '../ports/answer.ts'
import { circumstances, type Question } from '../ports/question.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { both, type Task, wait } from '../runtime/task.ts'
import { inactiveAgent } from './acting-party.ts'
import type { AdmittedEvaluation, DecidingRelation } from './admit.ts'
import { parameterOf } from './attributes.ts'
import { type Finding, type Verdict, verdictOf } from './verdict.ts'

/** Denies every actor with `not_on_behalf`: without grants, an agent can act only as the subject. */
export function* decideByRelation(
  admitted: AdmittedEvaluation,
  relation: DecidingRelation,
  relations: Relations,
  statistics: RequestStatistics,
): Task<Verdict> {
  const { subject, actor } = admitted.evaluation
  const agents = [subject, ...(actor ? [actor] : [])].filter((party) => splitRef(party).type === 'agent')
  const { properties, question, answers } = yield* ask(admitted, relation, agents, relations, statistics)
  const invalid = [...properties.invalid, ...unusableIn(question, answers, admitted)]
  const findings: Finding[] = admitted.isSessionEnded ? [{ code: 'session_ended' }] : []
  for (const agent of agents) {
    if (answers.affirms({ kind: 'agent', agent })) continue
    findings.push({ code: yield* inactiveAgent(agent, relations, statistics) })
  }
  if (actor && findings.length === 0) findings.push({ code: 'not_on_behalf' })
  if (!actor && answers.to(question) !== true)
    findings.push(
      ...(invalid.length > 0
        ? [...new Set(invalid)].map((attribute): Finding => ({ code: 'attribute_invalid', attribute }))
        : [{ code: 'not_related' } as const]),
    )
  return verdictOf(
    {
      decision: findings.length === 0,
      reasons: findings.length === 0 ? [{ code: 'related' }] : findings,
      at: admitted.now,
      model: admitted.model,
      policy: admitted.pack.version,
      attributes: properties.logged,
    },
    statistics,
  )
}

/** Attempts to read the attributes and ask while facts do not change in between. */
const MAX_ATTEMPTS = 10

/** Reads the attributes and asks, from one version of the facts: a change of several facts must not be seen half done. */
function* ask(
  admitted: AdmittedEvaluation,
  relation: DecidingRelation,
  agents: readonly PartyRef[],
  relations: Relations,
  statistics: RequestStatistics,
): Task<{ readonly properties: Properties; readonly question: Question; readonly answers: Answers }> {
  const { model, now } = admitted
  const { subject, resource, action } = admitted.evaluation
  for (let attempt = 1; ; attempt += 1) {
    const asOf = relations.factsVersion
    const properties = yield* propertiesOf(admitted, relations, statistics)
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
      const answers = yield* wait(relations.ask(questions, circumstances({ model, now, action }), statistics))
      return { properties, question, answers }
    } catch (error) {
      if (!(error instanceof FactsChanged) || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

/**
 * Finds the attributes that a condition needs and that are missing or of another type. A parameter that is not an attribute of the manifest is missing
 * from a stored fact, and keeps its name in the model.
 *
 * @throws Unanswered when the question has no answer for another reason.
 */
function unusableIn(
  question: Question,
  answers: Answers,
  { pack: { manifest } }: AdmittedEvaluation,
): readonly string[] {
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
  /** By the names of the conditions' parameters: `subject_role`. */
  readonly context: Readonly<Record<string, unknown>>
  /** Names of attributes that were sent or stored with another type. They count as missing. */
  readonly invalid: readonly string[]
  /** Numbers and booleans only. Texts may hold personal data and stay out of the log. */
  readonly logged: Readonly<Record<string, number | boolean>>
}

function* propertiesOf(
  admitted: AdmittedEvaluation,
  relations: Relations,
  statistics: RequestStatistics,
): Task<Properties> {
  const { pack, evaluation } = admitted
  const { manifest } = pack
  const stored = (rules: Rules, of: ResourceRef) =>
    Object.keys(rules).length > 0 ? relations.attributesOf(manifest.domain, of, statistics) : {}
  const [subject, resource] = yield* both(
    () => stored(manifest.subject_attributes, evaluation.subject),
    () => stored(manifest.attributes, evaluation.resource),
  )
  const { about, attributes } = evaluation
  const context: Record<string, unknown> = {}
  const invalid: string[] = []
  const logged: Record<string, number | boolean> = {}
  const add = (of: string, rules: Rules, facts: Sent, sent: Sent): void => {
    for (const [name, rule] of Object.entries(rules)) {
      // A sent attribute takes precedence even when it is invalid: a stored value must not replace it.
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
