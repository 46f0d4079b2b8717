/**
 * Every decision and grant that was answered, to be found in the decision logs afterwards.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseVerifierKey } from '@mandate/protocol'
import { loggedEntries } from '../../auditor/src/source.ts'
import { verifyDirectory } from '../../auditor/src/verify.ts'
import type { Answer } from '../fixtures/pdp.ts'
import type { StagedPdp } from '../new-enemy/stage.ts'

/** What the log must have, by the id of the decision or of the grant. */
export interface Answers {
  readonly decisions: ReadonlyMap<string, boolean>
  readonly grants: ReadonlySet<string>
  readonly revoked: ReadonlySet<string>
}

const REVOKE = /^\/v1\/grants\/(?<id>[^/]+)\/revoke$/u

export class AnswerBook implements Answers {
  readonly decisions = new Map<string, boolean>()
  readonly grants = new Set<string>()
  readonly revoked = new Set<string>()

  /** Notes the answer of a PDP. */
  note(method: string, path: string, answer: Answer): void {
    const { status, headers, body } = answer
    const id = headers.get('x-evaluation-id')
    if (id !== null && status === 200 && typeof body?.decision === 'boolean') this.decisions.set(id, body.decision)
    if (method !== 'POST' || status >= 300) return
    if (path === '/v1/grants') this.grants.add(body.id)
    const revoked = REVOKE.exec(path)?.groups?.['id']
    if (revoked !== undefined) this.revoked.add(revoked)
  }

  /** Notes the decision behind the answer of a service: 403 is a denial, 2xx a permit. */
  noteService({ status, headers }: Pick<Answer, 'status' | 'headers'>): void {
    const id = headers.get('x-evaluation-id')
    if (id !== null && (status < 300 || status === 403)) this.decisions.set(id, status < 300)
  }
}

/** Something that was answered, and that the logs do not have so. */
export interface Missing {
  readonly what: 'decision' | 'other decision' | 'grant' | 'revocation'
  readonly id: string
}

export interface LogReport {
  readonly missing: readonly Missing[]
  /** Problems that the verification of a log found. */
  readonly findings: readonly string[]
  readonly entries: number
}

/** Verifies the log of each PDP, which must have stopped, and looks up in them what was answered. */
export async function checkLogs(pdps: readonly Pick<StagedPdp, 'dataDir'>[], answers: Answers): Promise<LogReport> {
  const decisions = new Map<string, boolean>()
  const grants = new Set<string>()
  const revoked = new Set<string>()
  const findings: string[] = []
  let entries = 0
  for (const [index, { dataDir }] of pdps.entries()) {
    const directory = join(dataDir, 'log')
    const keys = [await parseVerifierKey((await readFile(join(dataDir, 'log.vkey'), 'utf8')).trim())]
    const report = await verifyDirectory({ directory, keys })
    for (const found of report.findings) findings.push(`PDP ${index}: entry ${found.index ?? '-'} ${found.problem}`)
    for await (const { id, kind, decision, target } of loggedEntries(directory)) {
      entries += 1
      if (kind === 'evaluation') decisions.set(id, decision === true)
      if (kind === 'grant_issued' && target) grants.add(target)
      if (kind === 'grant_revoked' && target) revoked.add(target)
    }
  }
  return { missing: missingOf(answers, { decisions, grants, revoked }), findings, entries }
}

/** What was answered and is not among what was logged. */
export function missingOf(answered: Answers, logged: Answers): readonly Missing[] {
  const missing: Missing[] = []
  for (const [id, decision] of answered.decisions) {
    const found = logged.decisions.get(id)
    if (found !== decision) missing.push({ what: found === undefined ? 'decision' : 'other decision', id })
  }
  for (const id of answered.grants) if (!logged.grants.has(id)) missing.push({ what: 'grant', id })
  for (const id of answered.revoked) if (!logged.revoked.has(id)) missing.push({ what: 'revocation', id })
  return missing
}
