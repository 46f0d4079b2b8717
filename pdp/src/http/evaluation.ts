/**
 * `POST /access/v1/evaluation` and `/access/v1/evaluations` (AuthZEN 1.0, sections 6 and 7). Every decision is recorded before the response.
 *
 * @module
 */
import {
  type EvaluationRequest,
  type EvaluationsSemantic,
  evaluationsRequestSchema,
  Fault,
  MAX_ENTRY_BYTES,
  PROBLEMS,
  parseEvaluationRequest,
  REASONS,
  type ReasonCode,
  refuse,
  splitRef,
} from '@mandate/protocol'
import type { Evaluation } from '../decide/evaluation.ts'
import type { Verdict } from '../decide/verdict.ts'
import type { Principal } from '../pap/pap.ts'
import type { Policies } from '../policy/pack.ts'
import type { Awaitable } from '../ports/awaitable.ts'
import type { EntryDraft, Recorder } from '../ports/recorder.ts'
import type { SpanAttributes } from '../ports/span.ts'
import { traced } from '../ports/tracing.ts'
import { maxJsonBytes } from '../runtime/json-size.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { run, type Task, wait } from '../runtime/task.ts'
import type { AskingOperation } from './asking.ts'
import { contextOf, type DecisionContextDeps, evaluationEntry } from './decision-context.ts'
import { accountOf, type Exchange } from './exchange.ts'
import type { FaultDeps } from './faults.ts'
import { Pace } from './pace.ts'
import { objectionsOf, parse, requireValid } from './parse.ts'
import type { Turn, Turns } from './turn.ts'
import { readableRequest } from './undecided-item.ts'

export interface EvaluationDeps extends DecisionContextDeps, Pick<FaultDeps, 'logger'> {
  readonly metrics: Pick<Metrics, 'fault' | 'decided'>
  readonly decide: (evaluation: Evaluation) => Awaitable<Verdict>
  readonly record: Recorder
  /** Number of entries in the log. */
  readonly position: () => number
  readonly newId: () => string
}

export interface BatchDeps extends EvaluationDeps {
  /** Counts the decisions of a batch after the first. */
  readonly spend: (by: Principal, decisions: number) => Promise<void>
  readonly turns: Turns
}

/** Items of one batch decided in parallel. */
const BATCH_WIDTH = 16

/** A decided item: its response and its log entry. */
interface Decided {
  readonly answer: { readonly decision: boolean; readonly context?: Readonly<Record<string, unknown>> }
  readonly entry: EntryDraft
  /** Fault that prevented the decision. */
  readonly fault?: Fault
}

/** `POST /access/v1/evaluation`. */
export function answerEvaluation(deps: EvaluationDeps): AskingOperation['answer'] {
  return async ({ body, by, exchange }) => {
    const request = requireValid(parseEvaluationRequest(body))
    exchange.evaluation = deps.newId()
    const { answer, entry } = await run(decideOne(deps, request, by, exchange, true))
    const [id = ''] = await deps.record([entry])
    // Used: a fault while responding gets an id of its own.
    exchange.evaluation = undefined
    return { id, body: answer }
  }
}

/** `POST /access/v1/evaluations`. */
export function answerEvaluations(deps: BatchDeps): AskingOperation['answer'] {
  const single = answerEvaluation(deps)
  const pace = new Pace()
  return async (asked) => {
    const { body, by, exchange, isGone } = asked
    const request = parse(evaluationsRequestSchema, body)
    const { evaluations = [], options, subject, action, resource, context } = request
    if (evaluations.length === 0) return single(asked)
    const shared = present({ subject, action, resource, context })
    const semantic = options?.evaluations_semantic ?? 'execute_all'
    const isExplained = options?.reasons === true
    const decide = (item: Readonly<Record<string, unknown>>): Awaitable<Decided> =>
      run(decideItem(deps, { ...shared, ...item }, by, exchange, isExplained))
    if (semantic === 'execute_all') pace.requireTimeFor(accountOf(by), evaluations.length)
    await deps.spend(by, evaluations.length - 1)
    const work = async () =>
      traced(
        exchange.span,
        'decide',
        async () => decideAll(semantic, evaluations, { isGone, turn: await deps.turns.begin(accountOf(by)) }, decide),
        ({ length }) => ({
          'mandate.entries': length,
        }),
      )
    // A batch narrower than the parallelism takes as long as its slowest item, which says little about the rate.
    const isMeasured = semantic === 'execute_all' && evaluations.length >= BATCH_WIDTH
    const decided = await (isMeasured ? pace.timed(accountOf(by), evaluations.length, work) : work())
    await deps.record(decided.map(({ entry }) => entry))
    reportFaults(deps, decided)
    return { body: { evaluations: decided.map(({ answer }) => answer) } }
  }
}

/** Evaluations of a batch that one log line names. */
const MAX_NAMED = 10

/** Counts each item's fault, and logs one per code: a thousand items may fail for the same reason. */
function reportFaults({ logger, metrics }: EvaluationDeps, decided: readonly Decided[]): void {
  const faults = decided.flatMap(({ fault }) => (fault && PROBLEMS[fault.code].status >= 500 ? [fault] : []))
  for (const { code } of faults) metrics.fault(code)
  for (const [message, fault] of new Map(faults.map((fault) => [fault.message, fault]))) {
    const same = decided.filter(({ fault: other }) => other?.message === message)
    const evaluations = same.slice(0, MAX_NAMED).map(({ entry }) => entry.id)
    logger.error({ err: fault, cause: fault.cause, items: same.length, evaluations }, fault.code)
  }
}

const present = (members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))

interface Course {
  /** Whether the caller has disconnected: no further item is decided then. */
  readonly isGone: () => boolean
  readonly turn: Turn
}

/**
 * Decides the items by one of AuthZEN's three semantics; the short-circuiting ones return the items up to and including the one that ended them. So
 * many are under way at once; what is decided from memory goes on without waiting, and lets other requests in at the end of its turn.
 */
async function decideAll<T>(
  semantic: EvaluationsSemantic,
  items: readonly T[],
  { isGone, turn }: Course,
  decide: (item: T) => Awaitable<Decided>,
): Promise<readonly Decided[]> {
  const ends = { execute_all: undefined, deny_on_first_deny: false, permit_on_first_permit: true }[semantic]
  const decided: Decided[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < items.length && !isGone()) {
      const at = next
      next += 1
      const deciding = decide(items[at] as T)
      const one = deciding instanceof Promise ? await deciding : deciding
      decided[at] = one
      if (ends !== undefined && one.answer.decision === ends) return
      if (turn.isOver) await turn.next()
    }
  }
  const width = ends === undefined ? Math.min(BATCH_WIDTH, items.length) : 1
  await Promise.all(Array.from({ length: width }, work))
  return decided.filter((one) => one !== undefined)
}

/** Decides one item. What could not be decided is logged with the request as far as it could be read. */
function* decideItem(
  deps: EvaluationDeps,
  item: Readonly<Record<string, unknown>>,
  by: Principal,
  exchange: Exchange,
  isExplained: boolean,
): Task<Decided> {
  const decided = yield* decideReadable(deps, item, by, exchange, isExplained)
  if (decided.entry.kind === 'evaluation') return decided
  return { ...decided, entry: { ...(yield* wait(readableRequest(deps, item, by))), ...decided.entry } }
}

/** An item that is malformed, forbidden or undecidable gets `false` and its error; the others continue. */
function* decideReadable(
  deps: EvaluationDeps,
  item: unknown,
  by: Principal,
  exchange: Exchange,
  isExplained: boolean,
): Task<Decided> {
  const parsed = parseEvaluationRequest(item)
  try {
    if (parsed.success) return yield* decideOne(deps, parsed.data, by, exchange, isExplained)
    const subject = parsed.error.issues.every(({ path }) => path[0] === 'subject')
    if (!subject) throw refuse('invalid_request', objectionsOf(parsed.error))
    return undecided(deps, by, 'invalid_request', objectionsOf(parsed.error), {
      code: 'subject_invalid',
      reason_user: REASONS.subject_invalid.user,
    })
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { ...undecided(deps, by, error.code, error.detail ?? PROBLEMS[error.code].title), fault: error }
  }
}

function undecided(
  deps: EvaluationDeps,
  by: Principal,
  code: keyof typeof PROBLEMS,
  message: string,
  reason?: { readonly code: ReasonCode; readonly reason_user: string },
): Decided {
  const { status } = PROBLEMS[code]
  const explained = reason ? { reason: reason.code, reasons: [reason], chain: [] } : {}
  return {
    answer: { decision: false, context: { ...explained, error: { status, message } } },
    entry: {
      id: deps.newId(),
      kind: status >= 500 ? 'fault' : 'refused',
      caller: by.name,
      ...by.origin,
      decision: false,
      code,
      status,
    },
  }
}

/** @param isExplained - Whether the answer gets its `context`. */
function* decideOne(
  deps: EvaluationDeps,
  request: EvaluationRequest,
  by: Principal,
  exchange: Exchange,
  isExplained: boolean,
): Task<Decided> {
  const id = exchange.evaluation ?? deps.newId()
  const evaluation = yield* wait(deps.pseudonymizer.evaluation(request, by))
  requireEntitled(deps.policies(), by, evaluation)
  // Read before any fact: every change logged up to this size is taken into account by the decision.
  const position = deps.position()
  const begin = performance.now()
  // Of a batch only the whole is traced: it may have a thousand items.
  const { span } = exchange
  const decide = (): Awaitable<Verdict> => deps.decide(evaluation)
  const isTraced = span !== undefined && exchange.evaluation !== undefined
  const verdict = yield* wait(isTraced ? traced(span, 'decide', decide, attributesOf(id)) : decide())
  const end = performance.now()
  deps.metrics.decided(end - begin)
  const latencyMs = end - exchange.arrived
  const entry = requireRecordable(yield* evaluationEntry(deps, id, evaluation, verdict, by, { position, latencyMs }))
  const { decision } = verdict
  const answer = isExplained ? { decision, context: yield* contextOf(deps, id, verdict, evaluation, by) } : { decision }
  return { answer, entry }
}

const attributesOf =
  (id: string) =>
  ({ decision, reasons: [first] }: Verdict): SpanAttributes => ({
    'mandate.evaluation.id': id,
    'mandate.decision': decision ? 'permit' : 'deny',
    ...(first && { 'mandate.reason': first.code }),
  })

/** Bytes of an entry's draft, at most: the log adds up to 256. */
const MAX_DRAFT_BYTES = MAX_ENTRY_BYTES - 256

/** Checks an entry's size: the log would reject it together with all entries of the same write. @throws Fault `payload_too_large`. */
function requireRecordable(entry: EntryDraft): EntryDraft {
  // Few entries come near the limit, and only those are serialized to know their size.
  if (maxJsonBytes(entry) <= MAX_DRAFT_BYTES) return entry
  if (Buffer.byteLength(JSON.stringify(entry)) <= MAX_DRAFT_BYTES) return entry
  throw refuse('payload_too_large', 'The request is too large to be recorded.')
}

/** Checks who may ask about whom (rule A4). An unknown type passes: its evaluation is denied, not forbidden (rule A1). @throws Fault `forbidden`. */
export function requireEntitled(
  { byType }: Pick<Policies, 'byType'>,
  by: Principal,
  { subject, actor, resource }: Evaluation,
): void {
  if (by.types) {
    const { type } = splitRef(resource)
    if (by.types.includes(type) || !byType.has(type)) return
    throw refuse('forbidden', 'resource.type: this service is not registered for that type.')
  }
  if (by.roles.includes('auditor')) return
  if (by.party?.startsWith('agent:') && (subject === by.party || actor === by.party)) return
  if (by.party && subject === by.party && (by.inPerson || actor === by.actor)) return
  throw refuse(
    'forbidden',
    'You may ask about yourself; a service may ask about the resource types it is registered for.',
  )
}
