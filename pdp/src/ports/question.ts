/**
 * The questions that a decision asks of the relationship store, and the values that all questions of one decision share. Everything here is
 * named by pseudonym.
 *
 * @module
 */
import type { EpochMillis, PartyRef, ResourceRef } from '@mandate/protocol'
import type { Giver, PersonaId, Scope, Seat } from './grants.ts'
import { seatKey } from './scopes.ts'

/** One question to the relationship store: a Check. The adapter translates it to a tuple. */
export type Question =
  | {
      readonly kind: 'title'
      readonly owner: PartyRef
      readonly root: ResourceRef
      readonly deed: string
      readonly persona: PersonaId
    }
  | { readonly kind: 'part'; readonly child: ResourceRef; readonly parent: ResourceRef }
  | { readonly kind: 'persona'; readonly persona: PersonaId }
  | { readonly kind: 'agent'; readonly agent: PartyRef }
  | { readonly kind: 'seat'; readonly seat: Seat; readonly grant: string }
  | ({ readonly kind: 'root'; readonly owner: PartyRef } & AskedLink)
  | ({ readonly kind: 'parent'; readonly parent: string } & AskedLink)
  | {
      readonly kind: 'gate'
      readonly relation: string
      readonly persona: PersonaId
      readonly value: number
      readonly unit: string
    }
  | {
      readonly kind: 'relation'
      readonly subject: PartyRef
      readonly relation: string
      readonly resource: ResourceRef
      /** The domain that the resource hangs from, where its type has that relation. */
      readonly domain: string | undefined
      /** What the domain's conditions are given: `subject_role`, `resource_status`, `action_soft`. */
      readonly context: Readonly<Record<string, unknown>>
      /** `Relations.factsVersion` when the facts in the context were read. If it has changed since, asking rejects with `FactsChanged`. */
      readonly asOf: number
    }

const USABLE = new Map<string, Question>()
const MOST_USABLE = 10_000

/** Whether a persona is in its dates, or an agent active. The same object each time, until there are very many. */
export function usableQuestion(giver: Giver | PartyRef): Question {
  const known = USABLE.get(giver)
  if (known) return known
  const question: Question = giver.startsWith('persona:')
    ? { kind: 'persona', persona: giver.slice('persona:'.length) }
    : { kind: 'agent', agent: giver as PartyRef }
  if (USABLE.size >= MOST_USABLE) USABLE.clear()
  USABLE.set(giver, question)
  return question
}

/** One link of a chain. */
interface AskedLink {
  readonly grant: string
  /** Who may have given it: only givers that are asked about beside it. Its cost in OpenFGA grows with their number. */
  readonly standing: readonly Giver[]
}

/** Context of all questions of one decision. Contains only validated values (rule A5). */
export interface Circumstances {
  /** The authorization model of the policies that the decision is made under. */
  readonly model: string
  readonly now: EpochMillis
  readonly action: string
  readonly within: readonly Scope[]
  /** The names under which the subject acts: `""`, title, title/circle, `persona:<id>`. */
  readonly acting: readonly string[]
  /** Whether links' own limits bind this action. */
  readonly limited: boolean
  readonly attributes: Readonly<Record<string, number>>
}

/** The only constructor of circumstances. The defaults suit questions that are not about grants. */
export const circumstances = (known: Pick<Circumstances, 'model' | 'now'> & Partial<Circumstances>): Circumstances => ({
  action: '',
  within: [],
  acting: [],
  limited: false,
  attributes: {},
  ...known,
})

/**
 * Identifies a question: two questions with equal ids are the same question. Each text stands behind its length, so that none can imitate the end of
 * another.
 */
export function questionId(question: Question): string {
  const { kind } = question
  switch (kind) {
    case 'title':
      return kind + sized(question.owner) + sized(question.root) + sized(question.deed) + sized(question.persona)
    case 'part':
      return kind + sized(question.child) + sized(question.parent)
    case 'persona':
      return kind + sized(question.persona)
    case 'agent':
      return kind + sized(question.agent)
    case 'seat':
      return kind + sized(seatKey(question.seat)) + sized(question.grant)
    case 'root':
      return kind + sized(question.owner) + linkId(question)
    case 'parent':
      return kind + sized(question.parent) + linkId(question)
    case 'gate':
      return `${kind}${sized(question.relation)}${sized(question.persona)}${question.value} ${question.unit}`
    case 'relation':
      return JSON.stringify(question)
  }
}

const sized = (text: string): string => `${text.length}:${text}`

function linkId({ grant, standing }: AskedLink): string {
  let id = sized(grant)
  for (const giver of standing) id += sized(giver)
  return id
}

/** The questions without repetitions. */
export const distinctQuestions = (questions: Iterable<Question>): readonly Question[] => [
  ...new Map([...questions].map((question) => [questionId(question), question])).values(),
]
