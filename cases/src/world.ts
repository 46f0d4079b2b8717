/**
 * Plays a pack's cases on a running PDP: each step of the notation is a request over HTTP, with the token of the person, agent, service or administrator
 * who would send it.
 *
 * @module
 */
import {
  type EvaluationRequest,
  evaluationAnswerSchema,
  type FactRequest,
  grantSchema,
  type Limit,
  MAX_FACTS,
} from '@mandate/protocol'
import { readAsk } from './ask.ts'
import { type CaseQuestion, type CaseStep, instantIn, type PackCase, secondsIn } from './cases.ts'
import { differenceOf, type PlayedDecision } from './compare.ts'
import type { CasedPack } from './packs.ts'
import { type PartyClaims, type PlayedPdp, person, SERVICE, staff } from './played-pdp.ts'
import { refusalIn, StepFailed, textIn, within } from './step-failed.ts'

/** A grant that a step issued. */
export interface PlayedGrant {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly actions: readonly string[]
  /** `type:id`, or `all:<domain>`. */
  readonly scope: string
  readonly expiresAt: string
  /** How many further links may follow. */
  readonly redelegations: number
  readonly limits: readonly Limit[]
  readonly isRevoked: boolean
}

/** Result of {@link playQuestions}. */
export interface PlayedCase {
  /** `file:line: …` of the step that was refused; no question was asked then. */
  readonly refused: string | undefined
  /** One for each question of `then`: how the decision differs from the promise; `undefined` when it does not. */
  readonly differences: readonly (string | undefined)[]
}

/**
 * Plays one case on a PDP with an empty store.
 *
 * @param index - Position of the case in the file.
 * @returns Each difference from what the case promises, as `file:line: …`; empty when there is none.
 */
export async function playCase(
  pack: CasedPack,
  played: PackCase,
  index: number,
  pdp: PlayedPdp,
): Promise<readonly string[]> {
  const { refused, differences } = await playQuestions(pack, played, index, pdp)
  if (refused !== undefined) return [refused]
  return differences.flatMap((difference, at) =>
    difference === undefined
      ? []
      : [`${pack.where(['cases', index, 'then', at])}: ${played.then[at]?.ask}: ${difference}`],
  )
}

/** As {@link playCase}, with a result for each question. */
export async function playQuestions(
  pack: CasedPack,
  { given, when, then }: PackCase,
  index: number,
  pdp: PlayedPdp,
): Promise<PlayedCase> {
  const world = new World(pack, pdp)
  try {
    await world.begin()
    await world.play(given, ['cases', index, 'given'])
    await world.play(when, ['cases', index, 'when'])
  } catch (error) {
    if (error instanceof StepFailed) return { refused: error.message, differences: [] }
    throw error
  }
  const differences: (string | undefined)[] = []
  for (const question of then) differences.push(await world.compare(question))
  return { refused: undefined, differences }
}

/** The people, agents, resources, settings, grants and facts of a pack's cases, as they are on one PDP. */
export class World {
  readonly #pack: CasedPack
  readonly #pdp: PlayedPdp
  readonly #personas = new Map<string, string>()
  readonly #grants = new Map<string, PlayedGrant>()

  constructor(pack: CasedPack, pdp: PlayedPdp) {
    this.#pack = pack
    this.#pdp = pdp
  }

  /** Ids of the personas, by person and persona: `emma employee/sales`. */
  get personas(): ReadonlyMap<string, string> {
    return this.#personas
  }

  /** Grants in the order in which they were issued. */
  get grants(): readonly PlayedGrant[] {
    return [...this.#grants.values()]
  }

  /** Creates what the file declares at its top: people with usable personas, settings, agents, resources, facts. @throws StepFailed */
  async begin(): Promise<void> {
    const { where } = this.#pack
    const { people, autonomy, agents, resources, facts } = this.#pack.file
    await within(where(['people']), async () => {
      for (const [name, personas] of Object.entries(people))
        for (const persona of personas) await this.#take(name, persona)
    })
    await within(where(['autonomy']), async () => {
      for (const [name, settings] of Object.entries(autonomy))
        await this.#patch(name, undefined, { autonomy: settings })
    })
    await within(where(['agents']), async () => {
      for (const id of agents) await this.#do('POST', '/v1/agents', staff('operator'), { id })
    })
    const done = new Set<string>()
    if (this.#pack.manifest.account)
      for (const name of Object.keys(resources))
        await within(where(['resources', name]), () => this.#register(name, done))
    await within(where(['facts']), () => this.#facts(facts, []))
  }

  /** Plays steps. @param path - Their place in the file, for the message of a failure. @throws StepFailed */
  async play(steps: readonly CaseStep[], path: readonly PropertyKey[]): Promise<void> {
    for (const [at, step] of steps.entries()) await within(this.#pack.where([...path, at]), () => this.#step(step))
  }

  /** Asks a question. @throws StepFailed without a decision. */
  async ask(question: CaseQuestion): Promise<PlayedDecision> {
    const request = this.request(question)
    const answer = await this.#pdp.call('POST', '/access/v1/evaluation', SERVICE, request)
    if (answer.status !== 200) throw new StepFailed(`no decision came: ${refusalIn(answer)}`)
    return { request, ...evaluationAnswerSchema.parse(answer.body) }
  }

  /** Asks a question and compares. @returns How the decision differs from the promise; `undefined` when it does not. */
  async compare(question: CaseQuestion): Promise<string | undefined> {
    try {
      return differenceOf(question, await this.ask(question))
    } catch (error) {
      if (error instanceof StepFailed) return error.message
      throw error
    }
  }

  /** The AuthZEN request of a question, with instants as they are at the PDP's present time. @throws StepFailed for an invalid line. */
  request({ ask, with: sent, with_subject, with_action }: CaseQuestion): EvaluationRequest {
    const words = readAsk(ask)
    if (!words) throw new StepFailed(`${ask} is no question`)
    const { subject, actor, persona = this.#first(subject), action, what = '' } = words
    const { file, manifest } = this.#pack
    const resource = file.resources[what]
    const properties = Object.entries({ ...resource?.with, ...sent }).map(([name, value]) => {
      const instant = manifest.attributes[name]?.type === 'instant' ? instantIn(value, this.#pdp.now()) : undefined
      return [name, instant ?? value]
    })
    return {
      subject: {
        type: file.agents.includes(subject) ? 'agent' : 'user',
        id: subject,
        properties: {
          ...with_subject,
          ...(persona && persona !== 'nobody' ? { persona } : {}),
          ...(actor ? { act: { sub: actor, sub_profile: 'ai_agent' } } : {}),
        },
      },
      action: { name: action, properties: with_action },
      resource: { ...this.#named(what), properties: Object.fromEntries(properties) },
    }
  }

  /** Type and id of a resource: by its name, `account:WHO`, or `type:id` for one that the file does not name. */
  #named(what: string): { readonly type: string; readonly id: string } {
    const { file, manifest } = this.#pack
    const resource = file.resources[what]
    if (resource) return { type: resource.type, id: resource.id ?? what }
    const [, type = '', id = ''] = /^([^:]+):(.+)$/u.exec(what) ?? []
    if (type === 'account') return { type: manifest.account ?? '', id }
    return Object.hasOwn(manifest.resources, type) ? { type, id } : { type: '', id: what }
  }

  async #take(name: string, persona: string): Promise<void> {
    const [title = '', circle] = persona.split('/')
    const id = await this.#create('/v1/personas', person(name), { title, circle })
    this.#personas.set(`${name} ${persona}`, id)
    if (this.#pack.manifest.titles[title]?.assume === 'administrator')
      await this.#do('PATCH', `/v1/personas/${id}`, staff('persona-admin'), { status: 'active' })
  }

  #patch(name: string, persona: string | undefined, change: unknown, as = person(name)): Promise<unknown> {
    const id = this.#personas.get(`${name} ${persona ?? this.#first(name)}`)
    return this.#do('PATCH', `/v1/personas/${id}`, as, change)
  }

  /** Registers a resource, its parents first. */
  async #register(name: string, done: Set<string>): Promise<void> {
    const resource = this.#pack.file.resources[name]
    if (!resource || done.has(name)) return
    done.add(name)
    const { owner, persona = owner && this.#first(owner), parent } = resource
    if (parent !== undefined) await this.#register(parent, done)
    const body =
      parent === undefined ? { owner: `user:${owner}`, owner_persona: persona } : { parent: this.#ref(parent) }
    await this.#do('PUT', `/v1/resources/${this.#path(name)}`, SERVICE, body)
  }

  async #step(step: CaseStep): Promise<void> {
    const { grant, revoke, autonomy, persona, agent, transfer, later } = step
    if (grant) await this.#grant(grant)
    if (revoke) await this.#revoke(revoke)
    if (autonomy) {
      const settings = autonomy.settings === 'none' ? null : autonomy.settings
      await this.#patch(autonomy.of, autonomy.persona, { autonomy: settings })
    }
    if (persona) {
      const isOwn = persona.status === 'inactive' || persona.status === 'revoked'
      const as = isOwn ? person(persona.of) : staff('persona-admin')
      await this.#patch(persona.of, persona.name, { status: persona.status }, as)
    }
    if (agent) await this.#do('PATCH', `/v1/agents/${agent.name}`, staff('operator'), { status: agent.status })
    if (transfer) {
      const body = { owner: `user:${transfer.to}`, owner_persona: transfer.persona ?? this.#first(transfer.to) }
      await this.#do('POST', `/v1/resources/${this.#path(transfer.resource)}/transfer`, SERVICE, body)
    }
    await this.#facts(step.facts ?? [], step.without ?? [])
    if (later) this.#pdp.advance(secondsIn(later) * 1000)
  }

  async #grant(grant: NonNullable<CaseStep['grant']>): Promise<void> {
    const { name, from, to, on, persona, parent, for: life, ...rest } = grant
    const { manifest } = this.#pack
    const giver = persona ?? this.#first(from)
    const scope = on === 'all' ? `all:${manifest.domain}` : this.#ref(on)
    const body = await this.#do('POST', '/v1/grants', this.#as(from), {
      delegate: this.#party(to),
      ...(giver ? { delegator_persona: giver } : {}),
      scope,
      ...(parent === undefined ? {} : { parent: this.#grants.get(parent)?.id }),
      ...(life ? { expires_at: new Date(this.#pdp.now() + secondsIn(life) * 1000).toISOString() } : {}),
      ...rest,
    })
    const { id, expires_at: expiresAt, redelegations, limits } = grantSchema.parse(body)
    const { actions } = grant
    const issued = { id, from, to, actions, scope, expiresAt, redelegations, limits, isRevoked: false }
    this.#grants.set(name ?? id, issued)
  }

  async #revoke({ grant, by }: NonNullable<CaseStep['revoke']>): Promise<void> {
    const given = this.#grants.get(grant)
    await this.#do('POST', `/v1/grants/${given?.id}/revoke`, this.#as(by ?? given?.from ?? ''), {})
    if (given) this.#grants.set(grant, { ...given, isRevoked: true })
  }

  async #facts(write: readonly FactRequest[], remove: readonly FactRequest[]): Promise<void> {
    const { domain } = this.#pack.manifest
    for (let start = 0; start < Math.max(write.length, remove.length); start += MAX_FACTS)
      await this.#do('POST', '/v1/facts', SERVICE, {
        domain,
        write: write.slice(start, start + MAX_FACTS),
        remove: remove.slice(start, start + MAX_FACTS),
      })
  }

  async #create(path: string, as: PartyClaims, body: unknown): Promise<string> {
    return textIn(await this.#do('POST', path, as, body), 'id')
  }

  async #do(method: string, path: string, as: PartyClaims, body: unknown): Promise<unknown> {
    const answer = await this.#pdp.call(method, path, as, body)
    if (answer.status < 300) return answer.body
    throw new StepFailed(`${method} ${path} was refused: ${refusalIn(answer)}`)
  }

  #as(name: string): PartyClaims {
    const isAgent = this.#pack.file.agents.includes(name)
    return isAgent ? { sub: `service-account-${name}`, azp: name, svc: name } : person(name)
  }

  #party = (name: string): string => `${this.#pack.file.agents.includes(name) ? 'agent' : 'user'}:${name}`
  #first = (name: string): string | undefined => this.#pack.file.people[name]?.[0]
  #path = (name: string): string => this.#ref(name).replace(':', '/')

  #ref(name: string): string {
    const resource = this.#pack.file.resources[name]
    return `${resource?.type}:${resource?.id ?? name}`
  }
}
