/**
 * The answer to a question: outcome, reasons with what would change them, chain and gates.
 *
 * @module
 */
import type { AskAnswer, Outline, Question } from '@mandate/playground/api'
import type { LoggedEntry } from '@mandate/protocol'
import {
  type ChainLink,
  ChainPicture,
  chainOf,
  DomainsContext,
  entryLinks,
  GateList,
  Glyph,
  gatesOf,
  limitWords,
  numbers,
  reasonWords,
} from '@mandate/ui'
import type { ComponentChildren, JSX } from 'preact'
import { lineOf } from './form.ts'

/** A question with its answer, and the pack that it was asked of. */
export interface Asked {
  readonly question: Question
  readonly answer: AskAnswer
  readonly outline: Outline
}

type Decided = Exclude<AskAnswer, { readonly refused: unknown }>

export function Answer({ asked }: { readonly asked: Asked }): JSX.Element {
  const { answer, outline, question } = asked
  if ('refused' in answer)
    return (
      <div class="answer">
        <p class="verdict verdict-deny verdict-large">
          <Glyph name="fails" />
          No decision
        </p>
        <p>
          {answer.refused.file && `${answer.refused.file}, line ${answer.refused.line}: `}
          {answer.refused.message}
        </p>
      </div>
    )
  const verdict = answer.decision ? 'permit' : 'deny'
  return (
    <DomainsContext.Provider value={[outline.domain]}>
      <div class={`answer answer-${verdict}`}>
        <p class={`verdict verdict-${verdict} verdict-large`}>
          <Glyph name={answer.decision ? 'holds' : 'fails'} />
          {answer.decision ? 'Permitted' : 'Denied'}
        </p>
        <p class="answer-sentence">{sentenceOf(question, answer.decision)}</p>
        <Reasons answer={answer} outline={outline} />
        <Chain answer={answer} outline={outline} />
        <Part title="Gates">
          <GateList gates={gatesOf(entryOf(asked.question, answer), [outline.domain])} spoken={SPOKEN} />
        </Part>
        <Details asked={asked} answer={answer} />
      </div>
    </DomainsContext.Provider>
  )
}

const SPOKEN = { holds: 'passed: ', fails: 'failed: ', open: '' } as const

function sentenceOf({ subject, actor, action, what }: Question, isPermitted: boolean): string {
  const who = actor === undefined ? subject : `${actor}, for ${subject},`
  return `${who} ${isPermitted ? 'may' : 'may not'} ${action} ${what}.`
}

function Part({ title, children }: { readonly title: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <section class="answer-part">
      <h3>{title}</h3>
      {children}
    </section>
  )
}

function Reasons({ answer, outline }: { readonly answer: Decided; readonly outline: Outline }): JSX.Element {
  return (
    <Part title={answer.context.reasons.length > 1 ? 'Reasons' : 'Reason'}>
      <ul class="reasons">
        {answer.context.reasons.map((reason) => {
          const values = numbers(reason, [outline.domain], outline.domain)
          return (
            <li key={`${reason.code} ${reason.gate}`}>
              <p>
                <strong>{reasonWords(reason.code)}</strong> <code>{reason.code}</code>
              </p>
              <p>{reason.reason_admin ?? reason.reason_user}</p>
              {values !== undefined && <p>{values.replace(/^./u, (letter) => letter.toUpperCase())}.</p>}
              {!answer.decision && reason.cure !== undefined && (
                <p class="cure">
                  <span class="cure-label">What would change it: </span>
                  {reason.cure}
                </p>
              )}
            </li>
          )
        })}
      </ul>
    </Part>
  )
}

function Chain({ answer, outline }: { readonly answer: Decided; readonly outline: Outline }): JSX.Element {
  const { context, grants } = answer
  const { chain, broken = [], reasons, evaluated_at: at } = context
  const explained = { chain, broken, reasons }
  if (chainOf(explained).length === 0)
    return (
      <Part title="Chain">
        <p class="aside">{answer.decision ? 'No grant was needed.' : 'No chain of grants reaches who acts.'}</p>
      </Part>
    )
  const links = entryLinks({ ...explained, at }, Date.parse(at)).map((link): ChainLink => {
    const terms = grants[link.grant]
    const { thenState = 'unknown' } = link
    return {
      ...link,
      redelegations: terms?.redelegations,
      limits: terms?.limits.map((limit) => limitWords(limit, outline.domain)),
      thenState: undefined,
      nowState: thenState,
    }
  })
  const note = chain.length === 0 ? 'No chain is good. This one comes nearest, and confers nothing.' : undefined
  return (
    <Part title="Chain">
      <ChainPicture links={links} owner={context.owner} note={note} nameOf={nameOf} />
    </Part>
  )
}

/** People have the names of the cases. */
const nameOf = (party: string): string => party.slice(party.indexOf(':') + 1)

/** The decision in the form of a log entry, which the parts of the pages take. */
function entryOf({ subject, actor }: Question, { decision, context, request }: Decided): LoggedEntry {
  const { resource, action } = request as {
    readonly resource: {
      readonly type: string
      readonly id: string
      readonly properties: Readonly<Record<string, unknown>>
    }
    readonly action: { readonly name: string }
  }
  const { type } = request['subject'] as { readonly type: string }
  return {
    v: 1,
    id: context.evaluation_id,
    at: context.evaluated_at,
    kind: 'evaluation',
    index: 0,
    subject: `${type}:${subject}`,
    ...(actor === undefined ? {} : { actor: `agent:${actor}` }),
    action: action.name,
    resource: `${resource.type}:${resource.id}`,
    decision,
    reasons: context.reasons,
    chain: context.chain,
    attributes: comparedOf(resource.properties),
    ...(context.policy === undefined ? {} : { policy: context.policy }),
  }
}

/** Attributes as a log entry has them: money by its currency, `amount.EUR`. */
function comparedOf(properties: Readonly<Record<string, unknown>>): NonNullable<LoggedEntry['attributes']> {
  const found: Record<string, number | string | boolean> = {}
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') found[name] = value
    else if (typeof value === 'object' && value !== null && 'amount' in value && 'currency' in value)
      found[`${name}.${String(value.currency)}`] = Number(value.amount)
  }
  return found
}

function Details({ asked, answer }: { readonly asked: Asked; readonly answer: Decided }): JSX.Element {
  const codes = answer.context.reasons.map(({ code }) => code)
  const outcome = answer.decision ? `permit: ${codes[0]}` : `deny: [${codes.join(', ')}]`
  return (
    <>
      <details>
        <summary>As a line of cases.yaml</summary>
        <pre class="verbatim">{lineOf(asked.question, outcome)}</pre>
      </details>
      <details>
        <summary>AuthZEN request and response</summary>
        <pre class="verbatim">{JSON.stringify(answer.request, undefined, 2)}</pre>
        <pre class="verbatim">
          {JSON.stringify({ decision: answer.decision, context: answer.context }, undefined, 2)}
        </pre>
      </details>
    </>
  )
}
