/**
 * Plays a pack's case: every step is a request to a real PDP with a store of the case's own, so that no case leaves anything to another.
 *
 * @module
 */
import { type FactRequest, MAX_FACTS } from '@mandate/protocol'
import { readAsk } from '../fixtures/ask.ts'
import type { TestIssuer, TokenClaims } from '../fixtures/issuer.ts'
import { type Answer, startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { type CaseQuestion, type CaseStep, instantIn, type PackCase, secondsIn } from './cases.ts'
import type { CasedPack, Places } from './packs.ts'

/** What a case is played on. */
export interface Ground {
  readonly openFga: { readonly url: string; readonly apiToken: string }
  readonly issuer: TestIssuer
  readonly places: Places
}

/** The domain's service. */
const SERVICE: TokenClaims = { sub: 'service-account-pack', azp: 'pack', svc: 'pack' }
const staff = (role: string): TokenClaims => ({ sub: `staff-${role}`, azp: 'desktop', roles: [role] })
const MANY = '100000'

/** Something could not be brought about: what comes after it means nothing. */
class StepFailed extends Error {}

/** @returns What came instead, each with its place; nothing when every promise is kept. */
export async function playCase(pack: CasedPack, played: PackCase, index: number, ground: Ground): Promise<string[]> {
  const { manifest } = pack
  const types = [...Object.keys(manifest.resources), ...(manifest.account ? [manifest.account] : [])]
  const tpdp = await startTestPdp({
    openFga: ground.openFga,
    issuer: ground.issuer,
    frozen: true,
    env: {
      PDP_POLICIES_DIR: ground.places.dir,
      PDP_PACKS: ground.places.folders.join(','),
      PDP_SERVICES: `pack=${types.join('+')}`,
      PDP_PERSON_PER_MINUTE: MANY,
      PDP_SERVICE_PER_SECOND: MANY,
      PDP_ADDRESS_PER_SECOND: MANY,
    },
  })
  try {
    return await new Stage(pack, tpdp).play(played, index)
  } finally {
    await tpdp.stop()
  }
}

/** One case, under way. */
class Stage {
  readonly #pack: CasedPack
  readonly #tpdp: TestPdp
  readonly #personas = new Map<string, string>()
  readonly #grants = new Map<string, { readonly id: string; readonly from: string }>()

  constructor(pack: CasedPack, tpdp: TestPdp) {
    this.#pack = pack
    this.#tpdp = tpdp
  }

  async play({ given, when, then }: PackCase, index: number): Promise<string[]> {
    const { where } = this.#pack
    const at = (...path: readonly PropertyKey[]): string => where(['cases', index, ...path])
    try {
      await this.#within(where(['people']), () => this.#begin())
      for (const [step, one] of given.entries()) await this.#within(at('given', step), () => this.#step(one))
      for (const [step, one] of when.entries()) await this.#within(at('when', step), () => this.#step(one))
    } catch (error) {
      if (error instanceof StepFailed) return [error.message]
      throw error
    }
    const failures: string[] = []
    for (const [place, question] of then.entries()) {
      const instead = await this.#ask(question)
      if (instead) failures.push(`${at('then', place)}: ${question.ask}: ${instead}`)
    }
    return failures
  }

  async #within(place: string, task: () => Promise<void>): Promise<void> {
    try {
      await task()
    } catch (error) {
      if (error instanceof StepFailed) throw new StepFailed(`${place}: ${error.message}`)
      throw error
    }
  }

  /** People with usable personas, their settings, agents, resources and facts. */
  async #begin(): Promise<void> {
    const { file, manifest } = this.#pack
    for (const [name, personas] of Object.entries(file.people))
      for (const persona of personas) await this.#take(name, persona)
    for (const [name, autonomy] of Object.entries(file.autonomy)) await this.#patch(name, undefined, { autonomy })
    for (const id of file.agents) await this.#do('POST', '/v1/agents', staff('operator'), { id })
    if (manifest.account) for (const name of Object.keys(file.resources)) await this.#register(name, new Set())
    await this.#facts(file.facts, [])
  }

  async #take(name: string, persona: string): Promise<void> {
    const [title = '', circle] = persona.split('/')
    const { id } = await this.#do('POST', '/v1/personas', person(name), { title, circle })
    this.#personas.set(`${name} ${persona}`, id)
    if (this.#pack.manifest.titles[title]?.assume === 'administrator')
      await this.#do('PATCH', `/v1/personas/${id}`, staff('persona-admin'), { status: 'active' })
  }

  #patch(name: string, persona: string | undefined, change: unknown, as = person(name)): Promise<Answer['body']> {
    const id = this.#personas.get(`${name} ${persona ?? this.#first(name)}`)
    return this.#do('PATCH', `/v1/personas/${id}`, as, change)
  }

  /** Above before below; twice is no harm. */
  async #register(name: string, done: Set<string>): Promise<void> {
    const resource = this.#pack.file.resources[name]
    if (!resource || done.has(name)) return
    done.add(name)
    const { owner, persona = owner && this.#first(owner), parent } = resource
    if (parent !== undefined) await this.#register(parent, done)
    const body =
      parent === undefined ? { owner: `user:${owner}`, owner_persona: persona } : { parent: this.#ref(parent) }
    await this.#do('PUT', `/v1/resources/${this.#ref(name).replace(':', '/')}`, SERVICE, body)
  }

  async #step(step: CaseStep): Promise<void> {
    const { grant, revoke, autonomy, persona, agent, transfer, later } = step
    if (grant) await this.#grant(grant)
    if (revoke) {
      const given = this.#grants.get(revoke.grant)
      await this.#do('POST', `/v1/grants/${given?.id}/revoke`, this.#as(revoke.by ?? given?.from ?? ''), {})
    }
    if (autonomy) {
      const settings = autonomy.settings === 'none' ? null : autonomy.settings
      await this.#patch(autonomy.of, autonomy.persona, { autonomy: settings })
    }
    if (persona) {
      const own = persona.status === 'inactive' || persona.status === 'revoked'
      const as = own ? person(persona.of) : staff('persona-admin')
      await this.#patch(persona.of, persona.name, { status: persona.status }, as)
    }
    if (agent) await this.#do('PATCH', `/v1/agents/${agent.name}`, staff('operator'), { status: agent.status })
    if (transfer) {
      const body = { owner: `user:${transfer.to}`, owner_persona: transfer.persona ?? this.#first(transfer.to) }
      await this.#do('POST', `/v1/resources/${this.#ref(transfer.resource).replace(':', '/')}/transfer`, SERVICE, body)
    }
    await this.#facts(step.facts ?? [], step.without ?? [])
    if (later) this.#tpdp.advance(secondsIn(later) * 1000)
  }

  async #grant({
    name,
    from,
    to,
    on,
    persona,
    parent,
    for: life,
    ...rest
  }: NonNullable<CaseStep['grant']>): Promise<void> {
    const { manifest } = this.#pack
    const giver = persona ?? this.#first(from)
    const lives = life && new Date(this.#tpdp.now() + secondsIn(life) * 1000).toISOString()
    const { id } = await this.#do('POST', '/v1/grants', this.#as(from), {
      delegate: this.#party(to),
      ...(giver ? { delegator_persona: giver } : {}),
      scope: on === 'all' ? `all:${manifest.domain}` : this.#ref(on),
      ...(parent === undefined ? {} : { parent: this.#grants.get(parent)?.id }),
      ...(lives ? { expires_at: lives } : {}),
      ...rest,
    })
    this.#grants.set(name ?? id, { id, from })
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

  /** @returns What came instead of what was promised. */
  async #ask(question: CaseQuestion): Promise<string | undefined> {
    const answer = await this.#tpdp.call('POST', '/access/v1/evaluation', { as: SERVICE, body: this.#body(question) })
    if (answer.status !== 200) return `no decision came: ${refusalIn(answer)}`
    const { decision, context } = answer.body
    const codes: readonly string[] = context.reasons.map((reason: { readonly code: string }) => reason.code)
    const came = spelled(decision, codes)
    const wanted = spelled(question.permit !== undefined, question.permit ? [question.permit] : (question.deny ?? []))
    if (came !== wanted) return `${wanted} was promised, ${came} came`
    const chain = namesOf(context.chain).map((ref) => ref.slice(ref.indexOf(':') + 1))
    if (question.chain && question.chain.join(' → ') !== chain.join(' → '))
      return `the chain ${question.chain.join(' → ')} was promised, ${chain.join(' → ') || 'none'} came`
    return undefined
  }

  #body({ ask, with: sent, with_subject, with_action }: CaseQuestion): unknown {
    const words = readAsk(ask)
    if (!words) throw new StepFailed(`${ask} is no question`)
    const { subject, actor, persona = this.#first(subject), action, what = '' } = words
    const { file, manifest } = this.#pack
    const account = what.startsWith('account:') ? what.slice('account:'.length) : undefined
    const resource = file.resources[what]
    const properties = Object.entries({ ...resource?.with, ...sent }).map(([name, value]) => {
      const instant = manifest.attributes[name]?.type === 'instant' ? instantIn(value, this.#tpdp.now()) : undefined
      return [name, instant ?? value]
    })
    const type = file.agents.includes(subject) ? 'agent' : 'user'
    const about = {
      ...with_subject,
      ...(persona && persona !== 'nobody' ? { persona } : {}),
      ...(actor ? { act: { sub: actor, sub_profile: 'ai_agent' } } : {}),
    }
    return {
      subject: { type, id: subject, properties: about },
      action: { name: action, properties: with_action },
      resource: {
        ...(account === undefined
          ? { type: resource?.type, id: resource?.id ?? what }
          : { type: manifest.account, id: account }),
        properties: Object.fromEntries(properties),
      },
    }
  }

  async #do(method: string, path: string, as: TokenClaims, body: unknown): Promise<Answer['body']> {
    const answer = await this.#tpdp.call(method, path, { as, body })
    if (answer.status < 300) return answer.body
    throw new StepFailed(`${method} ${path} was refused: ${refusalIn(answer)}`)
  }

  #as(name: string): TokenClaims {
    const isAgent = this.#pack.file.agents.includes(name)
    return isAgent ? { sub: `service-account-${name}`, azp: name, svc: name } : person(name)
  }

  #party = (name: string): string => `${this.#pack.file.agents.includes(name) ? 'agent' : 'user'}:${name}`
  #first = (name: string): string | undefined => this.#pack.file.people[name]?.[0]

  #ref(name: string): string {
    const resource = this.#pack.file.resources[name]
    return `${resource?.type}:${resource?.id ?? name}`
  }
}

const person = (name: string): TokenClaims => ({ sub: name, azp: 'desktop' })

const spelled = (decision: boolean, codes: readonly string[]): string =>
  `${decision ? 'permit' : 'deny'} ${codes.join(', ')}`

const refusalIn = ({ status, body, text }: Answer): string =>
  body?.code ? `${status} ${body.code}: ${body.detail ?? body.title}` : `${status} ${text}`

interface ShownLink {
  readonly delegator: string
  readonly delegate: string
}

function namesOf(chain: readonly ShownLink[]): readonly string[] {
  const [first] = chain
  return first ? [first.delegator, ...chain.map(({ delegate }) => delegate)] : []
}
