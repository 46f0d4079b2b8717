/**
 * `mandate ask`: one evaluation, explained.
 *
 * @module
 */
import {
  type Domain,
  type EvaluationRequest,
  evaluationAnswerSchema,
  hasCode,
  type Reason,
  replaySchema,
} from '@mandate/protocol'
import type { z } from 'zod'
import { onlyPersona } from '../administer/personas.ts'
import type { ConnectionOptions, ServiceOptions, Work } from '../command-line.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { chainLines } from '../grant/text.ts'
import type { Io } from '../io.ts'
import { labelled, print } from '../output.ts'
import { connectAsService, type Pdp } from '../pdp/client.ts'
import { knownDomains } from '../pdp/domains.ts'
import { claimsOf } from '../session/tokens.ts'
import { figuresText } from './figures.ts'
import { type QuestionOptions, questionOf } from './question.ts'

type Answer = z.output<typeof evaluationAnswerSchema>

interface AskOptions extends ConnectionOptions, ServiceOptions, QuestionOptions {
  readonly asOfPolicy?: string
}

export const ask: Work<AskOptions> = async (io, { options, args }) => {
  const pdp = await connectAsService(io, options)
  const { sub, svc } = claimsOf((await pdp.token()) ?? '')
  const me = typeof sub === 'string' && svc === undefined ? sub : undefined
  const domains = await knownDomains(pdp)
  const asked = questionOf(args, options, { domains, me })
  const { type } = asked.resource
  const domain = domains.find(({ resources, account }) => Object.hasOwn(resources, type) || account === type)
  const body = await inOwnPersona(pdp, asked, { domain, me })
  const answer = await pdp.call({ method: 'POST', path: '/access/v1/evaluation', body }, evaluationAnswerSchema)
  if (options.asOfPolicy !== undefined) return await askAsOf(io, options, options.asOfPolicy, { pdp, body, answer })
  print(io, options, answer, () => answerLines(body, answer, domain))
  return answer.decision ? EXIT.ok : EXIT.failed
}

/** Replays the question by another version of the policy. The first answer is in the log as well. */
async function askAsOf(
  io: Io,
  options: AskOptions,
  policy: string,
  { pdp, body, answer }: { readonly pdp: Pdp; readonly body: EvaluationRequest; readonly answer: Answer },
): Promise<ExitCode> {
  const { evaluation_id } = answer.context
  const { now, differs } = await pdp.call(
    { path: `/v1/decisions/${evaluation_id}/replay`, query: { policy } },
    replaySchema,
  )
  const codes = now.reasons.map(({ code, gate }) => (gate === undefined ? code : `${code} (gate ${gate})`))
  print(io, options, { ...now, evaluation_id, differs }, () => [
    `${now.decision ? 'PERMIT' : 'DENY'}  ${sentenceOf(body)}`,
    labelled('why', codes.join(', ')),
    labelled('policy', `${now.policy ?? policy}, with the present facts`),
    labelled('in force', `${answer.decision ? 'permitted' : 'denied'}: ${answer.context.reason}`),
    labelled('entry', `${evaluation_id}  (mandate explain ${evaluation_id})`),
  ])
  return now.decision ? EXIT.ok : EXIT.failed
}

/** Adds the caller's only persona to a question about themself that names none. */
async function inOwnPersona(
  pdp: Pdp,
  request: EvaluationRequest,
  { domain, me }: { readonly domain: Domain | undefined; readonly me: string | undefined },
): Promise<EvaluationRequest> {
  const { subject } = request
  if (!domain || !lacksPersona(request) || subject.type !== 'user' || subject.id !== me) return request
  const persona = await onlyPersona(pdp, domain)
  return persona === undefined
    ? request
    : { ...request, subject: { ...subject, properties: { ...subject.properties, persona } } }
}

const lacksPersona = ({ subject }: EvaluationRequest): boolean => subject.properties?.persona === undefined

function answerLines(request: EvaluationRequest, answer: Answer, domain: Domain | undefined): readonly string[] {
  const { evaluation_id, policy, reasons } = answer.context
  return [
    `${answer.decision ? 'PERMIT' : 'DENY'}  ${sentenceOf(request)}`,
    ...reasons.flatMap((reason) => reasonLines(reason, domain?.attributes)),
    ...personaHint(request, answer),
    ...chainOf(answer),
    ...(policy === undefined ? [] : [labelled('policy', policy)]),
    labelled('entry', `${evaluation_id}  (mandate explain ${evaluation_id})`),
  ]
}

/** The question of a person without a persona is denied in a domain that has titles. */
function personaHint(request: EvaluationRequest, { context }: Answer): readonly string[] {
  if (!lacksPersona(request) || !context.reasons.some((reason) => hasCode(reason, 'persona_unknown'))) return []
  return [labelled('', 'The question names no persona: WHO as TITLE/CIRCLE, or --persona.')]
}

function sentenceOf({ subject, action, resource }: EvaluationRequest): string {
  const { act, persona } = subject.properties ?? {}
  const who = `${subject.type}:${subject.id}${persona === undefined ? '' : ` as ${persona}`}`
  return `${act ? `agent:${act.sub} for ${who}` : who} ${action.name} ${resource.type}:${resource.id}`
}

function reasonLines(reason: Reason, attributes: Domain['attributes'] | undefined): readonly string[] {
  const { code, gate, reason_user, cure } = reason
  const figures = figuresText(reason, attributes)
  return [
    labelled('why', `${reason_user} (${code}${gate === undefined ? '' : `, gate ${gate}`})`),
    ...(figures === undefined ? [] : [labelled('', figures)]),
    ...(cure === undefined || cure === NOTHING ? [] : [labelled('cure', cure)]),
  ]
}

const NOTHING = 'Nothing to do.'

function chainOf({ context }: Answer): readonly string[] {
  const { chain, broken = [], owner } = context
  if (chain.length > 0) return ['chain', ...chainLines(chain, owner).map((line) => `  ${line}`)]
  if (broken.length === 0) return []
  return [labelled('chain', 'none is valid; the nearest was'), ...chainLines(broken, owner).map((line) => `  ${line}`)]
}
