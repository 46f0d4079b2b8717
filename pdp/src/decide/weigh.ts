/**
 * Step 6, weigh: a permit with its chain when every condition holds, else a denial with every reason, primary first.
 *
 * @module
 */
import { hasCode, type Link } from '@mandate/protocol'
import type { PersonaId } from '../ports/grants.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { type Task, wait } from '../runtime/task.ts'
import { actingFindings, type Case } from './acting-party.ts'
import type { AdmittedEvaluation } from './admit.ts'
import { brokenChain } from './broken-chain.ts'
import { chainQuestions, type JudgedChain, linkOf } from './chain.ts'
import type { DecideDeps } from './deps.ts'
import { gateFindings, gatesOf } from './gate.ts'
import type { Target } from './locate.ts'
import { nearMiss } from './near-miss.ts'
import { isGood, type RelateResult, rootPersona } from './relate.ts'
import { type Finding, type Verdict, verdictOf } from './verdict.ts'

/** All inputs of the verdict. */
interface DecisionState extends Case {
  readonly related: RelateResult
}

/** The conditions of a permit. There are no others. */
function permits(
  { target, acting, related }: DecisionState,
  subjectFindings: readonly Finding[],
  chain: JudgedChain | undefined,
): boolean {
  const gates = related.failedGates.get(settingsPersona(target, chain) ?? '') ?? []
  return (
    related.title && subjectFindings.length === 0 && gates.length === 0 && (acting.ownerInPerson || chain !== undefined)
  )
}

export function* weigh(state: DecisionState, deps: DecideDeps, statistics: RequestStatistics): Task<Verdict> {
  const { target, acting, related } = state
  const good = related.judged.filter(isGood)
  const open = good.find((one) => !related.failedGates.has(settingsPersona(target, one) ?? ''))
  const chain = open ?? good[0]
  const subject = yield* actingFindings(state, related.answers, deps.relations, statistics)
  if (permits(state, subject, chain)) {
    const [code, used] = acting.ownerInPerson ? (['owner', undefined] as const) : (['delegated', chain] as const)
    return verdictOf({ decision: true, reasons: [{ code }], ...membersOf(state, used) }, statistics)
  }
  // The chain that could not be judged may be good, so a denial would be a guess.
  if (related.unanswered) throw related.unanswered
  // An unregistered agent can hold no grant, so a reason about grants would add nothing.
  const holderKnown = !subject.some((finding) => hasCode(finding, 'agent_unknown'))
  const {
    findings,
    chain: usable,
    broken = [],
  } = holderKnown ? yield* explainDenial(state, chain, deps, statistics) : NOTHING
  const found = [...subject, ...findings]
  const reasons = found.length > 0 ? found : [{ code: 'chain_broken' } as const]
  return verdictOf({ decision: false, reasons, broken, ...membersOf(state, usable) }, statistics)
}

interface Denial {
  readonly findings: readonly Finding[]
  readonly chain: JudgedChain | undefined
  readonly broken?: readonly Link[]
}

const NOTHING: Denial = { findings: [], chain: undefined }

/** Explains a denial: the failed gates and limits of the best chain, or one reason about grants when there is no good chain (rule R1). */
function* explainDenial(
  state: DecisionState,
  chain: JudgedChain | undefined,
  deps: DecideDeps,
  statistics: RequestStatistics,
): Task<Denial> {
  const { admitted, target, acting, related } = state
  if (acting.ownerInPerson) return { findings: [], chain: undefined }
  const usable = chain ?? (yield* goodButForLimits(state, deps, statistics))
  if (!usable) {
    const { finding, grant } = yield* nearMiss(state, related.judged, deps, statistics)
    const broken = grant === undefined ? [] : yield* wait(brokenChain(grant, target, deps.past))
    return { findings: [finding], chain: undefined, broken }
  }
  const persona = settingsPersona(target, usable)
  const failed = related.failedGates.get(persona ?? '') ?? []
  const settings =
    failed.length > 0 && persona !== undefined ? yield* wait(deps.relations.settings(persona, statistics)) : new Map()
  return {
    findings: withoutRepeats([...gateFindings(failed, admitted, settings), ...limitFindings(usable, admitted)]),
    chain: usable,
  }
}

/** Finds the first chain that is good but for its limits. OpenFGA denies a link over its limits, so all such chains are asked again without limits. */
function* goodButForLimits(
  state: DecisionState,
  deps: DecideDeps,
  statistics: RequestStatistics,
): Task<JudgedChain | undefined> {
  const limited = state.related.judged.filter(({ objections, limits }) => objections.length === 0 && limits.length > 0)
  if (limited.length === 0) return undefined
  const questionsOf = ({ candidate }: JudgedChain) => chainQuestions(candidate, state.target.owner).all
  const circumstances = { ...state.circumstances, limited: false }
  const answers = yield* wait(deps.relations.ask(limited.flatMap(questionsOf), circumstances, statistics))
  return limited.find((judged) => questionsOf(judged).every((question) => answers.affirms(question)))
}

/** The persona whose settings the gates are: the one that the resource was created under, else (for an account) the one that gave the first grant. */
function settingsPersona(target: Target, chain: JudgedChain | undefined): PersonaId | undefined {
  return target.persona ?? (chain && rootPersona(chain.candidate))
}

/** Sorts by link, then by the manifest's order of attributes: OpenFGA does not keep the order of limits. */
function limitFindings({ bodies, limits }: JudgedChain, { pack }: AdmittedEvaluation): readonly Finding[] {
  const links = bodies.map(({ id }) => id)
  const names = Object.keys(pack.manifest.attributes)
  const position = ({ grant = '', attribute = '' }: Finding): number =>
    links.indexOf(grant) * names.length + names.indexOf(attribute)
  return limits.toSorted((a, b) => position(a) - position(b))
}

/** Reports an invalid attribute once, though several gates and links need it. */
function withoutRepeats(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>()
  return findings.filter((finding) => {
    const { attribute = '' } = finding
    return !hasCode(finding, 'attribute_invalid') || (!seen.has(attribute) && seen.add(attribute))
  })
}

/** What a verdict says about the case, whether it permits or denies. */
function membersOf(
  { admitted, target, acting }: DecisionState,
  chain: JudgedChain | undefined,
): Omit<Verdict, 'decision' | 'reasons' | 'roundTrips' | 'isDirect'> {
  return {
    chain: chain ? chain.bodies.map(linkOf) : [],
    at: admitted.now,
    persona: acting.persona,
    owner: target.owner,
    ownerPersona: target.persona ?? (acting.ownerInPerson ? acting.persona : chain && rootPersona(chain.candidate)),
    root: target.root,
    policy: admitted.pack.version,
    model: admitted.model,
    attributes: admitted.limited || gatesOf(admitted).length > 0 ? admitted.attributes.logged() : {},
  }
}
