/**
 * `GET /v1/decisions/{id}/replay` (rule L8): evaluates a logged request again. The result is not enforced by any service, so it is
 * recorded as a read of the log, not as a decision.
 *
 * @module
 */
import {
  canonical,
  disclosedReason,
  distinct,
  type Fault,
  type LoggedEntry,
  type Outcome,
  REPLAY_DIFFERENCES,
  type Replay,
  refuse,
  replayQuerySchema,
  type Standing,
  splitRef,
} from '@mandate/protocol'
import type { RequestHandler } from 'express'
import type { Evaluation } from '../decide/evaluation.ts'
import { evaluationOf, looksAt, NOT_REPLAYABLE, type NotReplayable } from '../decide/replay.ts'
import type { Verdict } from '../decide/verdict.ts'
import type { PolicyControl } from '../pap/policies.ts'
import type { InForce } from '../policy/pack.ts'
import type { Awaitable } from '../ports/awaitable.ts'
import type { EntryIndex } from '../ports/log.ts'
import type { Recorder } from '../ports/recorder.ts'
import { hidesPersonasIn, readerOfEntries, standingIn } from './disclosure.ts'
import { requireEntitled } from './evaluation.ts'
import { principalOf } from './exchange.ts'
import { parse } from './parse.ts'
import { readingBy } from './reading.ts'

export interface ReplayDeps {
  readonly index: EntryIndex
  readonly policies: () => InForce
  readonly decide: (evaluation: Evaluation) => Awaitable<Verdict>
  /** Decides by other policies than those in force. */
  readonly decideBy: (evaluation: Evaluation, policies: InForce) => Awaitable<Verdict>
  readonly policyControl: PolicyControl
  readonly record: Recorder
}

/** Creates the handler. The caller must be permitted to read the entry and to make its request; both decisions are limited to what they may know. */
export function replayRoute(deps: ReplayDeps): RequestHandler {
  return async (req, res) => {
    const { index, policies, decide, decideBy, policyControl, record } = deps
    const by = principalOf(res)
    const { policy: version } = parse(replayQuerySchema, req.query)
    const { shown, logged } = await readingBy(index, by).entry(req.params['id'])
    requireShown(shown)
    const other = version === undefined ? undefined : await policyControl.kept(version, by)
    const used = other ?? policies()
    const evaluation = questionOf(logged, used)
    requireEntitled(used, by, evaluation)
    const verdict = await (other ? decideBy(evaluation, other) : decide(evaluation))
    const before = outcomeThen(shown)
    const reader = readerOfEntries(by)
    const now = outcomeNow(verdict, standingIn(verdict, reader), hidesPersonasIn(verdict, reader))
    await record([
      {
        kind: 'log_read',
        caller: by.name,
        ...by.origin,
        target: logged.id,
        change: { as: 'replay', ...(other ? { policy: other.version } : {}) },
      },
    ])
    // biome-ignore lint/suspicious/noThenProperty: `then` is a member of the response, which is never awaited
    const answer: Replay = { then: before, now, differs: differences(before, now) }
    res.json(answer)
  }
}

/** Reports why an entry cannot be replayed. Does not tell a stranger whether the log holds the resource's id or a commitment. @throws Fault `conflict`. */
function requireShown({ kind, withheld }: LoggedEntry): void {
  if (kind === 'evaluation' && withheld?.includes('resource'))
    throw notReplayable({ why: 'hidden', member: 'resource' })
}

const notReplayable = ({ why, member }: NotReplayable): Fault =>
  refuse('conflict', `The request cannot be replayed: ${NOT_REPLAYABLE[why]} (${member}).`)

/** Checks that the log holds the complete request. @throws Fault `conflict` when it does not. */
function questionOf(entry: LoggedEntry, policies: InForce): Evaluation {
  const replayable = evaluationOf(entry, policies)
  if ('why' in replayable) throw notReplayable(replayable)
  const { evaluation, unknown } = replayable
  const declared = policies.byType.get(splitRef(evaluation.resource).type)?.manifest.attributes ?? {}
  const missing = [...looksAt(evaluation, policies, Object.keys(declared))].find((name) => unknown.has(name))
  if (missing === undefined) return evaluation
  throw refuse('conflict', `The request cannot be replayed: the log does not hold ${missing}, which the policy uses.`)
}

function outcomeThen({ at, decision = false, reasons = [], chain = [], policy, model }: LoggedEntry): Outcome {
  return { at, decision, reasons, chain, ...(policy ? { policy } : {}), ...(model ? { model } : {}) }
}

function outcomeNow(
  { at, decision, reasons, chain, policy, model }: Verdict,
  standing: Standing,
  hides: boolean,
): Outcome {
  const made = { ...(policy && standing !== 'stranger' ? { policy } : {}), ...(model ? { model } : {}) }
  const all = reasons.map((reason) => ({ ...disclosedReason(reason, standing, hides) }))
  const shown = hides ? distinct(all) : all
  return { at: new Date(at).toISOString(), decision, reasons: shown, chain: [...chain], ...made }
}

function differences(before: Outcome, now: Outcome): Replay['differs'] {
  const compared = ({ decision, reasons, chain, policy, model }: Outcome) => ({
    decision,
    // Ignores the measured value, which changes with the clock: a lead time decreases every second.
    reasons: reasons.map(({ actual: _actual, ...reason }) => reason),
    chain: chain.map(({ grant }) => grant),
    policy,
    model,
  })
  const [old, young] = [compared(before), compared(now)]
  return REPLAY_DIFFERENCES.filter((name) => canonical([old[name]]) !== canonical([young[name]]))
}
