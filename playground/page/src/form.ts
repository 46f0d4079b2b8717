/**
 * The fields of a question: filled from a line of the cases, and turned into a question. Pure.
 *
 * @module
 */
import { readAsk } from '@mandate/cases/ask'
import type { AskedLine, Outline, Question } from '@mandate/playground/api'
import type { Form } from './share.ts'
import { parseValue, textOf } from './values.ts'

type Values = Readonly<Record<string, unknown>>
type Texts = Readonly<Record<string, string>>

/** An attribute with its type. */
export type Attribute = Outline['attributes'][number]

/** Fields of a line of the cases. @param index - Of its case. */
export function formOf({ ask, ...sent }: AskedLine, index: number): Form {
  const words = readAsk(ask)
  return {
    case: index,
    subject: words?.subject ?? '',
    actor: words?.actor ?? '',
    persona: words?.persona ?? '',
    action: words?.action ?? '',
    what: words?.what ?? '',
    with: textsOf(sent.with),
    with_subject: textsOf(sent.with_subject),
    with_action: textsOf(sent.with_action),
  }
}

/** The fields that a pack begins with: its first question, else the first of each choice. */
export function firstForm(outline: Outline): Form {
  for (const [index, { questions }] of outline.cases.entries()) {
    const [first] = questions
    if (first) return formOf(first, index)
  }
  const [subject = ''] = Object.keys(outline.people)
  const [action = ''] = Object.keys(outline.domain.actions)
  const [what = ''] = whatOf(outline, action)
  return { subject, actor: '', persona: '', action, what, with: {}, with_subject: {}, with_action: {} }
}

/** Fields that name nothing which the pack does not have: after an edit, a person or action may be gone. */
export function fitted(form: Form, outline: Outline): Form {
  const first = firstForm(outline)
  const people = [...Object.keys(outline.people), ...outline.agents]
  const resources = whatOf(outline, form.action)
  // Where the pack declares none, the fields are free text.
  const isKnown =
    (people.length === 0 || people.includes(form.subject)) &&
    Object.hasOwn(outline.domain.actions, form.action) &&
    (resources.length === 0 || resources.includes(form.what))
  if (!isKnown) return first
  const { case: index, ...rest } = form
  return index === undefined || index < outline.cases.length ? form : rest
}

/** The possible resources of an action. */
export function whatOf({ domain, people, resources }: Outline, action: string): readonly string[] {
  return domain.actions[action]?.on === 'account'
    ? Object.keys(people).map((name) => `account:${name}`)
    : Object.keys(resources)
}

/** The question that the fields ask. */
export function questionOf(form: Form, outline: Outline): Question {
  const { subject, actor, persona, action, what } = form
  return {
    subject,
    ...(actor === '' ? {} : { actor }),
    ...(persona === '' ? {} : { persona }),
    action,
    what,
    with: valuesOf(form.with, outline.attributes),
    with_subject: valuesOf(form.with_subject, outline.subjectAttributes),
    with_action: valuesOf(form.with_action, outline.actionAttributes),
  }
}

/** The question as an item of `then` in `cases.yaml`. */
export function lineOf({ subject, actor, persona, action, what, ...sent }: Question, outcome: string): string {
  const by = actor === undefined ? '' : `${actor} for `
  const as = persona === undefined ? '' : ` as ${persona}`
  const values = (['with', 'with_subject', 'with_action'] as const).flatMap((name) =>
    Object.keys(sent[name]).length === 0 ? [] : [`${name}: ${flow(sent[name])}`],
  )
  const ask = `${by}${subject}${as} ${action} ${what}`
  return `- { ${[`ask: ${ask.includes(':') ? `'${ask}'` : ask}`, ...values, outcome].join(', ')} }`
}

/** A value in YAML's flow style. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([name, one]) => `${name}: ${flow(one)}`)
      .join(', ')} }`
  return typeof value === 'string' && /^[\w ]+$/u.test(value) ? value : JSON.stringify(value)
}

function textsOf(values: Values): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, textOf(value)]))
}

function valuesOf(texts: Texts, attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.flatMap(({ name, type }) => {
      const text = texts[name]?.trim() ?? ''
      return text === '' ? [] : [[name, parseValue(text, type)]]
    }),
  )
}
