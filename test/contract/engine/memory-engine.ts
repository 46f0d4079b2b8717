/**
 * The model of grants in this process's memory: what unit tests of decorators stand on. It passes the same contract as OpenFGA; it has no domain
 * models and no facts.
 *
 * @module
 */
import { Fault, type PartyRef, refuse } from '@mandate/protocol'
import { type Answer, Answers, Unanswered } from '../../../pdp/src/ports/answer.ts'
import type { Authority } from '../../../pdp/src/ports/authority.ts'
import type { Candidate, GateLimit, GrantBody, Located, PersonaId } from '../../../pdp/src/ports/grants.ts'
import { personaParts } from '../../../pdp/src/ports/persona-id.ts'
import { type Circumstances, distinctQuestions, type Question } from '../../../pdp/src/ports/question.ts'
import type { Relations } from '../../../pdp/src/ports/relations.ts'
import { includesScope, seatKey, seatsOf } from '../../../pdp/src/ports/scopes.ts'
import type { Exchanged } from '../../../pdp/src/ports/stores.ts'
import type { EngineUnderTest, Outage } from './subject.ts'

interface StoredPersona {
  readonly usable: { readonly from: number; readonly till: number } | undefined
  readonly gates: readonly GateLimit[]
}

interface StoredGrant {
  readonly body: GrantBody
  readonly isLive: boolean
  /** Keys of the grant's seats. */
  readonly seats: readonly string[]
}

const stored = (body: GrantBody): StoredGrant => ({
  body,
  isLive: true,
  seats: seatsOf(body).map(({ seat }) => seatKey(seat)),
})

const EXCHANGES = 12

export class MemoryEngine implements EngineUnderTest {
  readonly model = 'memory'
  readonly proposed = new Set<string>()
  readonly #resources = new Map<string, Located>()
  readonly #personas = new Map<PersonaId, StoredPersona>()
  readonly #agents = new Map<PartyRef, boolean>()
  readonly #grants = new Map<string, StoredGrant>()
  /** Ids of grants whose last change has no known outcome. */
  readonly #doubtful = new Set<string>()
  #outage: Outage | undefined

  outage(kind: Outage): void {
    this.#outage = kind
  }

  mend(): void {
    this.#outage = undefined
  }

  async close(): Promise<void> {}

  readonly undecided = {
    decideAll: async (): Promise<number> => {
      if (!this.#outage) this.#doubtful.clear()
      return this.#doubtful.size
    },
  }

  #requireReachable(): void {
    if (this.#outage === 'unreachable') throw new Fault('relations_unavailable', 'unreachable')
  }

  /** Carries a change out, and loses its answer where that is so. */
  async #change<T>(grants: readonly GrantBody[], apply: () => T): Promise<T> {
    this.#requireReachable()
    const result = apply()
    if (this.#outage !== 'lost answers') return result
    for (const { id } of grants) this.#doubtful.add(id)
    throw new Fault('relations_unavailable', 'no answer')
  }

  readonly relations: Relations = {
    consistencyOf: () => 'memory',
    factsVersion: 0,
    notesVersion: 0,
    isInMemory: false,
    forget: () => undefined,
    confirm: async () => true,
    position: async () => 0,
    readBeside: (_statistics, read) => read(),
    locate: (resource, statistics) =>
      statistics.request(async () => {
        this.#requireReachable()
        const located = this.#resources.get(resource)
        if (!located || located.ancestors.length === 0) return located
        if (!statistics.fresh) {
          statistics.remembered += 1
          return located
        }
        const root = this.#resources.get(located.root)
        return root && { ...located, owner: root.owner, persona: root.persona, deed: root.deed }
      }),
    personasOf: (user, statistics) =>
      statistics.request(async () => {
        this.#requireReachable()
        return [...this.#personas.keys()].filter((id) => personaParts(id).holder === user)
      }),
    candidates: async (seats, statistics) => {
      const found = seats.map((seat) =>
        statistics.request(async () => {
          this.#requireReachable()
          const key = seatKey(seat)
          const here = [...this.#grants.values()].filter(({ isLive, seats }) => isLive && seats.includes(key))
          return here.map(({ body: { id, path, givers } }): Candidate => ({ grant: id, seat, path, givers }))
        }),
      )
      return (await Promise.all(found)).flat()
    },
    bodies: (ids, statistics) =>
      statistics.request(async () => {
        this.#requireReachable()
        return new Map(
          ids.flatMap((id) => {
            const grant = this.#grants.get(id)
            return grant ? [[id, grant.body] as const] : []
          }),
        )
      }),
    ask: (questions, circumstances, statistics) =>
      statistics.request(async () => {
        this.#requireReachable()
        const distinct = distinctQuestions(questions)
        return new Answers(distinct.map((question) => [question, this.#answer(question, circumstances)] as const))
      }),
    isRegistered: async (agent) => this.#agents.has(agent),
    settings: async (persona) => {
      const gates = this.#personas.get(persona)?.gates ?? []
      return new Map(
        gates.map(({ relation, limit }) => [relation, { bound: limit?.value ?? 0, unit: limit?.unit ?? '' }]),
      )
    },
    attributesOf: async () => ({}),
  }

  #answer(question: Question, circumstances: Circumstances): Answer {
    if (!this.#holds(question, circumstances)) return false
    if (!('grant' in question)) return true
    if (this.proposed.has(question.grant)) return false
    return this.#doubtful.has(question.grant) ? new Unanswered('doubt', 'undecided') : true
  }

  #holds(question: Question, circumstances: Circumstances): boolean {
    switch (question.kind) {
      case 'title': {
        const { owner, deed, persona } = this.#resources.get(question.root) ?? {}
        return owner === question.owner && deed === question.deed && persona === question.persona
      }
      case 'part':
        return this.#resources.get(question.child)?.ancestors[0] === question.parent
      case 'persona': {
        const usable = this.#personas.get(question.persona)?.usable
        return usable !== undefined && circumstances.now >= usable.from && circumstances.now < usable.till
      }
      case 'agent':
        return this.#agents.get(question.agent) === true
      case 'gate': {
        const gate = this.#personas.get(question.persona)?.gates.find(({ relation }) => relation === question.relation)
        if (!gate?.limit) return gate !== undefined
        const { bound, value, unit } = gate.limit
        return unit === question.unit && (bound === 'at_most' ? question.value <= value : question.value >= value)
      }
      case 'relation':
        throw new Error('memory engine: no domain models')
      default: {
        const grant = this.#grants.get(question.grant)
        return grant?.isLive === true && this.#grantHolds(grant.body, question, circumstances)
      }
    }
  }

  #grantHolds(
    body: GrantBody,
    question: Extract<Question, { readonly grant: string }>,
    { now, action, within, acting, limited, attributes }: Circumstances,
  ): boolean {
    if (question.kind === 'seat')
      return seatsOf(body).some(({ seat, asks }) => seatKey(seat) === seatKey(question.seat) && acting.includes(asks))
    const isEdge =
      question.kind === 'root'
        ? body.parent === undefined && body.delegator === question.owner
        : body.parent === question.parent
    const giver = body.givers.at(-1)
    return (
      isEdge &&
      now < body.expiresAt &&
      body.actions.includes(action) &&
      includesScope(within, body.scope) &&
      giver !== undefined &&
      question.standing.includes(giver) &&
      (!limited ||
        (Object.entries(body.atMost).every(([key, most]) => (attributes[key] ?? Infinity) <= most) &&
          Object.entries(body.atLeast).every(([key, least]) => (attributes[key] ?? -Infinity) >= least)))
    )
  }

  readonly authority: Authority = {
    issue: (grant) =>
      this.#change([grant], () => {
        if (this.#grants.has(grant.id)) throw refuse('conflict', 'there already')
        this.#grants.set(grant.id, stored(grant))
      }),
    end: (grant) => this.#change([grant], () => this.#endNow(grant)),
    isLive: async (grant) => {
      this.#requireReachable()
      return this.#grants.get(grant.id)?.isLive === true
    },
    replace: (exchanged) =>
      this.#change(
        exchanged.flatMap(({ from, to }) => [from, to]),
        () => this.#exchange(exchanged),
      ),
    sweep: (grant) =>
      this.#change([grant], () => {
        this.#grants.delete(grant.id)
      }),
    fits: (exchanged) => exchanged.length <= EXCHANGES,
    settled: async () => undefined,
    register: (located) =>
      this.#change([], () => {
        if (this.#resources.has(located.resource)) return false
        this.#resources.set(located.resource, located)
        return true
      }),
    unregister: (located) => this.#change([], () => this.#resources.delete(located.resource)),
    transfer: (to) =>
      this.#change([], () => {
        this.#resources.set(to.resource, to)
      }),
    setPersona: (id, usable, gates) =>
      this.#change([], () => {
        this.#personas.set(id, { usable, gates })
      }),
    setAgent: (agent, active) =>
      this.#change([], () => {
        this.#agents.set(agent, active)
      }),
  }

  #endNow(grant: GrantBody): boolean {
    const stored = this.#grants.get(grant.id)
    if (!stored?.isLive) return false
    this.#grants.set(grant.id, { ...stored, isLive: false })
    return true
  }

  #exchange(exchanged: readonly Exchanged[]): void {
    if (exchanged.some(({ from, to }) => !this.#grants.get(from.id)?.isLive || this.#grants.has(to.id)))
      throw refuse('conflict', 'one has ended')
    for (const { from, to } of exchanged) {
      this.#endNow(from)
      this.#grants.set(to.id, stored(to))
    }
  }
}
