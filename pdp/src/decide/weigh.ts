/**
 * Step 6, weigh: everything good is a permit with its chain; anything else is a denial with every gate that failed, primary first.
 *
 * @module
 */
import { hasCode, type Link } from '@mandate/protocol'
import type { PersonaId } from '../ports/grants.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { actFindings, type Matter } from './act.ts'
import type { Admitted, Place } from './admit.ts'
import { allOf, chainQuestions, type Judged, linkOf } from './chain.ts'
import type { DecideDeps } from './decide.ts'
import { gateFindings, gatesOf } from './gate.ts'
import { nearMiss } from './near-miss.ts'
import type { Finding, Verdict } from './question.ts'
import { brokenChain } from './reach.ts'
import { circumstancesOf, isGood, type Related, rootPersona } from './relate.ts'

/** All that is known when the verdict is due. */
interface Scales extends Matter {
  readonly related: Related
}

/** The whole rule, in one place: what must hold for a permit. */
function permits(
  { place, acting, related }: Scales,
  subjectFindings: readonly Finding[],
  chain: Judged | undefined,
): boolean {
  const gates = related.failedGates.get(settingsPersona(place, chain) ?? '') ?? []
  return (
    related.title && subjectFindings.length === 0 && gates.length === 0 && (acting.ownerInPerson || chain !== undefined)
  )
}

export async function weigh(scales: Scales, deps: DecideDeps, statistics: RequestStatistics): Promise<Verdict> {
  const { place, acting, related } = scales
  const good = related.judged.filter(isGood)
  const open = good.find((one) => !related.failedGates.has(settingsPersona(place, one) ?? ''))
  const chain = open ?? good[0]
  const subject = await actFindings(scales, related.answers, (agent) => deps.relations.isRegistered(agent, statistics))
  if (permits(scales, subject, chain)) {
    const code = acting.ownerInPerson ? 'owner' : 'delegated'
    return verdictOf(scales, true, [{ code }], acting.ownerInPerson ? undefined : chain, statistics)
  }
  // A chain that could not be judged may have been good: whatever a denial said of it would be a guess.
  if (related.unanswered) throw related.unanswered
  // Whoever is not registered can hold nothing: that it holds nothing is no second reason.
  const holderKnown = !subject.some((finding) => hasCode(finding, 'agent_unknown'))
  const { findings, chain: usable, broken = [] } = holderKnown ? await denial(scales, chain, deps, statistics) : NOTHING
  const reasons = [...subject, ...findings]
  const verdict = verdictOf(
    scales,
    false,
    reasons.length > 0 ? reasons : [{ code: 'chain_broken' }],
    usable,
    statistics,
  )
  return { ...verdict, broken }
}

interface Denial {
  readonly findings: readonly Finding[]
  readonly chain: Judged | undefined
  readonly broken?: readonly Link[]
}

const NOTHING: Denial = { findings: [], chain: undefined }

/** The owner's gates only for whoever has a good chain; one relation code for whoever has none (rule R1). */
async function denial(
  scales: Scales,
  chain: Judged | undefined,
  deps: DecideDeps,
  statistics: RequestStatistics,
): Promise<Denial> {
  const { admitted, place, acting, related } = scales
  if (acting.ownerInPerson) return { findings: [], chain: undefined }
  const usable = chain ?? (await goodButForLimits(scales, deps, statistics))
  if (!usable) {
    const { finding, grant } = await nearMiss(scales, related.judged, deps, statistics)
    const broken = grant === undefined ? [] : await brokenChain(grant, place, deps.past)
    return { findings: [finding], chain: undefined, broken }
  }
  const persona = settingsPersona(place, usable)
  const failed = related.failedGates.get(persona ?? '') ?? []
  const settings =
    failed.length > 0 && persona !== undefined ? await deps.relations.settings(persona, statistics) : new Map()
  return {
    findings: withoutRepeats([...gateFindings(failed, admitted, settings), ...limitFindings(usable, admitted)]),
    chain: usable,
  }
}

/** The first chain that only its own limits close: all such are asked again without them, since their links were not affirmed. */
async function goodButForLimits(
  scales: Scales,
  deps: DecideDeps,
  statistics: RequestStatistics,
): Promise<Judged | undefined> {
  const limited = scales.related.judged.filter(({ objections, limits }) => objections.length === 0 && limits.length > 0)
  if (limited.length === 0) return undefined
  const questionsOf = ({ candidate }: Judged) => allOf(chainQuestions(candidate, scales.place.owner))
  const circumstances = { ...circumstancesOf(scales), limited: false }
  const answers = await deps.relations.ask(limited.flatMap(questionsOf), circumstances, statistics)
  return limited.find((judged) => questionsOf(judged).every((question) => answers.affirms(question)))
}

/** Whose settings the gates are: those of the persona the resource was created under, or of the chain's first giver. */
function settingsPersona(place: Place, chain: Judged | undefined): PersonaId | undefined {
  return place.persona ?? (chain && rootPersona(chain.candidate))
}

/** Link by link, within a link in the manifest's order of attributes: the order in which the store keeps limits says nothing. */
function limitFindings({ bodies, limits }: Judged, { pack }: Admitted): readonly Finding[] {
  const links = bodies.map(({ id }) => id)
  const names = Object.keys(pack.manifest.attributes)
  const place = ({ grant = '', attribute = '' }: Finding): number =>
    links.indexOf(grant) * names.length + names.indexOf(attribute)
  return limits.toSorted((a, b) => place(a) - place(b))
}

/** An attribute that several gates and links miss is named once. */
function withoutRepeats(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>()
  return findings.filter((finding) => {
    const { attribute = '' } = finding
    return !hasCode(finding, 'attribute_invalid') || (!seen.has(attribute) && seen.add(attribute))
  })
}

function verdictOf(
  { admitted, place, acting }: Scales,
  decision: boolean,
  reasons: readonly Finding[],
  chain: Judged | undefined,
  statistics: RequestStatistics,
): Verdict {
  return {
    decision,
    reasons,
    chain: chain ? chain.bodies.map(linkOf) : [],
    at: admitted.now,
    persona: acting.persona,
    owner: place.owner,
    ownerPersona: place.persona ?? (acting.ownerInPerson ? acting.persona : chain && rootPersona(chain.candidate)),
    root: place.root,
    policy: admitted.pack.version,
    model: admitted.model,
    attributes: admitted.limited || gatesOf(admitted).length > 0 ? admitted.attributes.logged : {},
    roundTrips: statistics.roundTrips,
  }
}
