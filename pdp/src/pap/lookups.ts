/**
 * Look-ups from a person to their pseudonym by two auditors: one asks with a case number, another one approves who names the same person, then the first
 * reads the pseudonym. Each step is an entry. Before the approval neither entry nor answer tells whether the person is known.
 *
 * @module
 */
import { type EpochMillis, LOOKUP_HOURS, type PartyRef, refuse } from '@mandate/protocol'
import type { LookupRecord, Lookups } from '../ports/lookups.ts'
import { changeBy, type PapDeps, type Principal, person, withRole } from './pap.ts'

export interface LookupDeps extends Pick<PapDeps, 'vault' | 'record' | 'clock' | 'newId'> {
  readonly lookups: Lookups
}

const LIFE_MS = LOOKUP_HOURS * 3_600_000

/** When a look-up can no longer be approved or read. */
export const endOf = ({ askedAt }: LookupRecord): EpochMillis => askedAt + LIFE_MS

/** @param about - The person, as {@link LookupRecord.person}. */
export async function askLookup(
  deps: LookupDeps,
  { caseNumber, about }: { readonly caseNumber: string; readonly about: PartyRef },
  by: Principal,
): Promise<LookupRecord> {
  const askedBy = auditor(by)
  const at = deps.clock()
  const lookup = { id: deps.newId(), caseNumber, person: about, askedBy, askedAt: at, approvedBy: undefined }
  await recordStep(deps, lookup, { status: 'asked' }, by)
  await deps.lookups.dropUntil(at - LIFE_MS)
  await deps.lookups.add(lookup)
  return lookup
}

/** All that can still be approved or read, newest first. */
export async function listLookups({ lookups, clock }: LookupDeps, by: Principal): Promise<readonly LookupRecord[]> {
  withRole(by, 'auditor')
  return lookups.askedAfter(clock() - LIFE_MS)
}

/**
 * Approves another auditor's look-up.
 *
 * @param about - The person that the approver names. It must be the one that was asked about, so that nobody approves unseen.
 * @throws Fault `forbidden` for one's own, `conflict` for another person and when it was approved before.
 */
export async function approveLookup(
  deps: LookupDeps,
  id: string,
  about: PartyRef,
  by: Principal,
): Promise<LookupRecord> {
  const me = auditor(by)
  const lookup = await openLookup(deps, id)
  if (lookup.askedBy === me) throw refuse('forbidden', 'Another auditor approves what you asked for.')
  if (lookup.person !== about) throw refuse('conflict', 'sub: is not the person that was asked about.')
  if (lookup.approvedBy !== undefined) throw refuse('conflict', 'It is approved already.')
  await recordStep(deps, lookup, { status: 'approved' }, by)
  if (await deps.lookups.approve(id, me)) return { ...lookup, approvedBy: me }
  throw refuse('conflict', 'It is approved already.')
}

/**
 * Reads the result of an approved look-up, for the auditor who asked.
 *
 * @returns The pseudonym; `undefined` when nobody is known by the `sub`.
 */
export async function readLookup(
  deps: LookupDeps,
  id: string,
  by: Principal,
): Promise<{ readonly lookup: LookupRecord; readonly found: PartyRef | undefined }> {
  const me = auditor(by)
  const lookup = await openLookup(deps, id)
  if (lookup.askedBy !== me) throw refuse('forbidden', 'The auditor who asked reads the result.')
  if (lookup.approvedBy === undefined) throw refuse('conflict', 'Another auditor has not approved it yet.')
  const found = (await deps.vault.subOf(lookup.person)) === undefined ? undefined : lookup.person
  await recordStep(deps, lookup, { status: 'read', ...(found ? { person: found } : {}) }, by)
  return { lookup, found }
}

function auditor(by: Principal): PartyRef {
  withRole(by, 'auditor')
  return person(by)
}

/** @throws Fault `not_found` after its end, too. */
async function openLookup({ lookups, clock }: LookupDeps, id: string): Promise<LookupRecord> {
  const lookup = await lookups.byId(id)
  if (lookup && clock() < endOf(lookup)) return lookup
  throw refuse('not_found', `There is no such look-up, or it was asked for more than ${LOOKUP_HOURS} hours ago.`)
}

/** The person is in the entry of the last step only: the ones before must not tell what is not approved. */
async function recordStep(
  { record }: LookupDeps,
  { id, caseNumber }: LookupRecord,
  step: Readonly<Record<string, string>>,
  by: Principal,
): Promise<void> {
  await record([{ kind: 'lookup_changed', ...changeBy(by), target: id, change: { case: caseNumber, ...step } }])
}
