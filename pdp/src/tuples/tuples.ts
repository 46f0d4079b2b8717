/**
 * Tuples: how each fact and each question of the PDP is spelled in a relationship store. Pure; the model is `policies/core.fga`.
 *
 * @module
 */
import { canonical, type EpochMillis, type PartyRef, type ResourceRef } from '@mandate/protocol'
import { termsOf } from '../ports/grant-fields.ts'
import type { GrantBody, Located, PersonaId, Seat } from '../ports/grants.ts'
import { personaParts } from '../ports/persona-id.ts'
import type { Circumstances, Question } from '../ports/question.ts'
import { seatsOf } from '../ports/scopes.ts'
import { objectName, scopeName, seatName } from '../ports/stored-names.ts'
import type { Exchanged } from '../ports/stores.ts'

export interface TupleKey {
  readonly user: string
  readonly relation: string
  readonly object: string
}
export interface Tuple extends TupleKey {
  readonly condition?: { readonly name: string; readonly context: Readonly<Record<string, unknown>> }
}

export const keyOf = ({ user, relation, object }: TupleKey): TupleKey => ({ user, relation, object })
export const isSameKey = (a: TupleKey, b: TupleKey): boolean =>
  a.user === b.user && a.relation === b.relation && a.object === b.object

/** The key of a tuple as one text, in the usual notation. */
export const keyText = ({ object, relation, user }: TupleKey): string => `${object}#${relation}@${user}`

/** Whether two tuples are equal, values of their conditions included. */
export const isSameTuple = (a: Tuple, b: Tuple): boolean =>
  isSameKey(a, b) && (a.condition?.name ?? '') === (b.condition?.name ?? '') && contextText(a) === contextText(b)

/** Instants are compared by value: a store may return them in another spelling than they were written in. */
function contextText({ condition }: Tuple): string {
  const entries = Object.entries(condition?.context ?? {}).map(([name, value]) => [
    name,
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : value,
  ])
  return canonical(Object.fromEntries(entries))
}

/** One atomic Write. */
export interface Change {
  readonly writes: readonly Tuple[]
  readonly deletes: readonly TupleKey[]
}

let lastMillis = 0
let lastInstant = new Date(0).toISOString()

/** The last instant is kept: all questions of a decision, and often several decisions, are about the same one. */
export function instant(millis: EpochMillis): string {
  if (millis !== lastMillis) {
    lastInstant = new Date(millis).toISOString()
    lastMillis = millis
  }
  return lastInstant
}

const grantName = (id: string): string => `grant:${id}`
export const seatObject = (seat: Seat): string => `seat:${seatName(seat)}`

/** The giver in the tuple of a link: the persona of a person, or the agent itself. */
const giverOf = (grant: GrantBody) => grant.givers[grant.givers.length - 1] ?? ''

const edgeOf = (grant: GrantBody): TupleKey =>
  grant.parent
    ? { user: grantName(grant.parent), relation: 'parent', object: grantName(grant.id) }
    : { user: objectName(grant.delegator), relation: 'root', object: grantName(grant.id) }

/** The seats of a grant. */
const viaKeys = (grant: GrantBody): readonly TupleKey[] =>
  seatsOf(grant).map(({ seat }) => ({ user: grantName(grant.id), relation: 'via', object: seatObject(seat) }))

/** The tuples of a new grant: edge, seats and body. */
export function grantTuples(grant: GrantBody): Change {
  const seated = seatsOf(grant).map(
    ({ seat, asks }): Tuple => ({
      user: grantName(grant.id),
      relation: 'via',
      object: seatObject(seat),
      condition: { name: 'seated', context: { asks, givers: grant.givers, path: grant.path } },
    }),
  )
  const link = {
    expires_at: instant(grant.expiresAt),
    actions: grant.actions,
    scope: scopeName(grant.scope),
    giver: giverOf(grant),
    at_most: grant.atMost,
    at_least: grant.atLeast,
  }
  const body: Tuple = {
    user: objectName(grant.delegator),
    relation: 'delegator',
    object: grantName(grant.id),
    condition: { name: 'terms', context: termsOf(grant) },
  }
  return { writes: [{ ...edgeOf(grant), condition: { name: 'link', context: link } }, ...seated, body], deletes: [] }
}

/** Ends a grant: deletes its edge and seats, and writes who ended it. The edge serves as a lock: only the first Write that deletes it succeeds. */
export function endingTuples(grant: GrantBody, by: PartyRef, at: EpochMillis, reason: string): Change {
  return {
    deletes: [edgeOf(grant), ...viaKeys(grant)],
    writes: [
      {
        user: objectName(by),
        relation: 'ended',
        object: grantName(grant.id),
        condition: { name: 'ending', context: { ended_at: instant(at), reason } },
      },
    ],
  }
}

/** Tuples to delete of a dead grant: edge, seats and body. The tuple that records who ended it is kept. */
export function remainsOf(grant: GrantBody): readonly TupleKey[] {
  const body = { user: objectName(grant.delegator), relation: 'delegator', object: grantName(grant.id) }
  return [edgeOf(grant), ...viaKeys(grant), body]
}

/** Ends some grants and issues others, in one Write. */
export function exchangeTuples(exchanged: readonly Exchanged[], by: PartyRef, at: EpochMillis): Change {
  const changes = exchanged.flatMap(({ from, to }) => [endingTuples(from, by, at, 'replaced'), grantTuples(to)])
  return { deletes: changes.flatMap(({ deletes }) => deletes), writes: changes.flatMap(({ writes }) => writes) }
}

/** A topmost resource: its owner, under a deed, in a persona. */
export function ownerTuple(located: Located): Tuple {
  return {
    user: objectName(located.owner),
    relation: 'owner',
    object: objectName(located.root),
    condition: { name: 'held', context: { held_as: located.deed, held_in: located.persona } },
  }
}

/** A part of a resource, with its ancestors and their owner at the time as a hint. */
export function partTuple(located: Located): Tuple {
  const parent = located.ancestors[0] ?? located.root
  const hint = { path: located.ancestors, owner: located.owner, deed: located.deed, persona: located.persona }
  return {
    user: objectName(parent),
    relation: 'parent',
    object: objectName(located.resource),
    condition: { name: 'located', context: hint },
  }
}

/** The tuples of a persona; the user of each is its holder. */
const personaKey = (id: PersonaId, relation: string): TupleKey => ({
  user: objectName(personaParts(id).holder),
  relation,
  object: `persona:${id}`,
})

export const holderTuple = (id: PersonaId): Tuple => personaKey(id, 'holder')

export const usableTuple = (id: PersonaId, from: EpochMillis, till: EpochMillis): Tuple => ({
  ...personaKey(id, 'usable'),
  condition: { name: 'in_term', context: { valid_from: instant(from), valid_till: instant(till) } },
})

/** The bound of a gate's tuple; `undefined` for consent, which has none. */
export function gateTuple(
  id: PersonaId,
  relation: string,
  setting: { readonly bound: 'at_most' | 'at_least'; readonly value: number; readonly unit: string } | undefined,
): Tuple {
  const key = personaKey(id, relation)
  if (!setting) return key
  const limit = setting.bound === 'at_most' ? { most: setting.value } : { least: setting.value }
  return { ...key, condition: { name: setting.bound, context: { ...limit, unit_of: setting.unit } } }
}

export const agentTuple = (agent: PartyRef, relation: 'registered' | 'active'): Tuple => ({
  user: objectName(agent),
  relation,
  object: objectName(agent),
})

/** The object that holds the attributes which a domain's services stored about a subject or a resource. */
export const attributesName = (domain: string, of: PartyRef | ResourceRef): string =>
  `attributes:${domain}|${objectName(of).replace(':', '~')}`

const NO_TUPLES: readonly TupleKey[] = []

/** Contextual tuples of one question: its resource belongs to the domain. */
export function questionTuples(question: Question): readonly TupleKey[] {
  if (question.kind !== 'relation' || question.domain === undefined) return NO_TUPLES
  return [{ user: `domain:${question.domain}`, relation: 'domain', object: objectName(question.resource) }]
}

/** The tuple that a question is about. */
export function questionKey(question: Question): TupleKey {
  switch (question.kind) {
    case 'title':
      return { user: objectName(question.owner), relation: 'owner', object: objectName(question.root) }
    case 'part':
      return { user: objectName(question.parent), relation: 'parent', object: objectName(question.child) }
    case 'persona':
      return personaKey(question.persona, 'usable')
    case 'agent':
      return agentTuple(question.agent, 'active')
    case 'seat':
      return { user: grantName(question.grant), relation: 'via', object: seatObject(question.seat) }
    case 'root':
      return { user: objectName(question.owner), relation: 'root', object: grantName(question.grant) }
    case 'parent':
      return { user: grantName(question.parent), relation: 'parent', object: grantName(question.grant) }
    case 'gate':
      return personaKey(question.persona, question.relation)
    case 'relation':
      return {
        user: objectName(question.subject),
        relation: question.relation,
        object: objectName(question.resource),
      }
  }
}

/**
 * The context that each question is evaluated in. OpenFGA needs every parameter that a condition declares, so all are sent. Parts that questions
 * share are built once.
 */
export function contextsIn(
  circumstances: Circumstances,
): (question: Question) => Readonly<Record<string, unknown>> | undefined {
  const { action, within, acting, limited, attributes } = circumstances
  const at = { current_time: instant(circumstances.now) }
  const scopes = within.map(scopeName)
  return (question) => {
    switch (question.kind) {
      case 'title':
        return { deed: question.deed, persona: question.persona }
      case 'persona':
        return at
      case 'seat':
        return { acting }
      case 'root':
      case 'parent':
        return {
          current_time: at.current_time,
          action,
          within: scopes,
          limited,
          attributes,
          standing: question.standing,
        }
      case 'gate':
        return { value: question.value, unit: question.unit }
      case 'relation':
        return { ...question.context, ...at }
      default:
        return undefined
    }
  }
}
