/**
 * Erasure of a person (rule E4, ADR 0006): ends all grants they gave or hold, revokes their personas, removes their facts, records it, then deletes the
 * vault's row. An interrupted erasure is always completed, never undone.
 *
 * @module
 */
import { type EpochMillis, type PartyRef, refuse, splitRef } from '@mandate/protocol'
import { LeaseHeld } from '../ports/leases.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import type { HeldPerson, PersonErasure } from '../ports/stores.ts'
import { dropFactsOf } from './facts.ts'
import { finishEnd, inTurnOfEnd, takeBackPending } from './grants.ts'
import { lockKey } from './lock-keys.ts'
import { changeBy, finishing, type PapDeps, type Principal, person, withRole } from './pap.ts'
import { finishPersona } from './personas.ts'

/** The result of an erasure. */
export interface Erased {
  readonly id: string
  readonly at: EpochMillis
  readonly grants: number
  readonly personas: number
  readonly told: readonly string[]
  /** Clients in `told` that have not acknowledged. */
  readonly waiting: readonly string[]
}

type By = Pick<EntryDraft, 'caller' | 'request_id' | 'trace'>

/**
 * Erases the caller in person, or another person if the caller is an operator.
 *
 * @throws Fault `legal_hold` while an auditor's legal hold is set, `not_found` for a person that is not in the vault.
 */
export async function erasePerson(deps: PapDeps, who: PartyRef, by: Principal): Promise<Erased> {
  const asker = person(by)
  if (who !== asker) withRole(by, 'operator')
  return deps.locks.run(lockKey.person(who), async () => {
    if (await deps.people.isHeld(who)) throw refuse('legal_hold', 'An auditor holds what is kept of this person.')
    if ((await deps.vault.subOf(who)) === undefined) throw refuse('not_found', 'Nobody is known by that pseudonym.')
    const erasure = { id: deps.newId(), person: who, by: asker, at: deps.clock() }
    await deps.people.putErasure(erasure)
    return finishing(deps, () => finishErasure(deps, erasure, changeBy(by)))
  })
}

/** Runs all steps. Each is idempotent, so an interrupted erasure can be run again. */
export async function finishErasure(deps: PapDeps, erasure: PersonErasure, by: By): Promise<Erased> {
  const grants = await endGrants(deps, erasure, by)
  const personas = await revokePersonas(deps, erasure, by)
  await dropFactsOf(deps, splitRef(erasure.person).id, by)
  const told = deps.forgetters
  await deps.record([{ kind: 'person_erased', ...by, subject: erasure.person, target: erasure.id, change: { told } }])
  await forget(deps, erasure, told)
  return { id: erasure.id, at: erasure.at, grants, personas, told, waiting: await deps.people.waitingFor(erasure.id) }
}

/** The vault's row, what the person wrote and what they were answered go at once, and the services' notices come. Then the files are scrubbed. */
async function forget(deps: PapDeps, erasure: PersonErasure, told: readonly string[]): Promise<void> {
  const { person: who } = erasure
  const ended = await deps.vault.beginErasure(who)
  try {
    await deps.transaction(async ({ vault, register, answers, invitations, lookups, people }) => {
      const encrypted = await vault.erase(who)
      await register.eraseWordsOf(who)
      await answers.dropOf(who)
      await invitations.withdrawAllOf(who)
      await lookups.dropOf(who)
      await people.completeErasure(erasure, encrypted, told)
    })
  } finally {
    ended()
  }
  await deps.scrub()
}

/**
 * Waits for issues of grants to or by the person that are in progress: they began before the erasure. What a PDP that is gone left of one is undone.
 *
 * @throws LeaseHeld when another PDP has not undone its issue yet.
 */
async function finishIssues(deps: PapDeps, who: PartyRef, by: By): Promise<void> {
  const pending = async () =>
    (await deps.register.pendingGrants()).filter(({ delegator, delegate }) => [delegator, delegate].includes(who))
  for (const delegator of new Set((await pending()).map((grant) => grant.delegator)))
    await deps.locks.run(lockKey.grantsBy(delegator), () => takeBackPending(deps, delegator, by))
  const [left] = await pending()
  if (left) throw new LeaseHeld('grant', left.id)
}

/** Ends the grants they gave and the grants they hold. Grants further down the chains die with them (rule E2). */
async function endGrants(deps: PapDeps, { person: who, by: asker, at }: PersonErasure, by: By): Promise<number> {
  const { register, locks } = deps
  await finishIssues(deps, who, by)
  const live = await locks.run(lockKey.grantsBy(who), () => register.unendedOf(who, at))
  for (const { id } of live)
    await inTurnOfEnd(deps, id, async () => {
      const grant = await register.byId(id)
      if (!grant || grant.revokedAt !== undefined) return
      const end = { by: asker, at, reason: 'erased' }
      await register.proposeEnd(id, end)
      await finishEnd(deps, grant, end, by)
    })
  return live.length
}

async function revokePersonas(deps: PapDeps, { person: who }: PersonErasure, by: By): Promise<number> {
  return deps.locks.run(lockKey.personasOf(who), async () => {
    await deps.narrowings.finishAll(lockKey.personasOf(who))
    const held = (await deps.register.personas(who)).filter(({ status }) => status !== 'revoked')
    for (const persona of held) await finishPersona(deps, { ...persona, status: 'revoked', autonomy: undefined }, by)
    return held.length
  })
}

/** Sets or lifts a legal hold. Recorded first: it changes no authority, and must not take effect unrecorded. */
export async function holdPerson(deps: PapDeps, who: PartyRef, held: boolean, by: Principal): Promise<void> {
  withRole(by, 'auditor')
  await deps.locks.run(lockKey.person(who), async () => {
    if ((await deps.vault.subOf(who)) === undefined) throw refuse('not_found', 'Nobody is known by that pseudonym.')
    if ((await deps.people.isHeld(who)) === held) return
    await deps.record([{ kind: 'legal_hold_changed', ...changeBy(by), target: who, change: { held } }])
    await deps.people.setHold(who, held ? { by: person(by), at: deps.clock() } : undefined)
  })
}

/** All legal holds. For auditors. */
export async function listHolds({ people }: Pick<PapDeps, 'people'>, by: Principal): Promise<readonly HeldPerson[]> {
  withRole(by, 'auditor')
  return people.holds()
}

/** Clients that have not acknowledged an erasure. For operators. */
export async function waitingErasure(
  { people }: Pick<PapDeps, 'people'>,
  id: string,
  by: Principal,
): Promise<readonly string[]> {
  withRole(by, 'operator')
  return people.waitingFor(id)
}

/** The client id of a service or agent that is told about erasures; it must present its own token. @throws Fault `forbidden` */
export function forgetterOf({ forgetters }: Pick<PapDeps, 'forgetters'>, by: Principal): string {
  const client = by.onlyAsks ? undefined : /^(?:service|agent):(?<client>.+)$/su.exec(by.name)?.groups?.['client']
  if (client !== undefined && forgetters.includes(client)) return client
  throw refuse('forbidden', 'This is for services and agents that keep something of people, each with its own token.')
}

/** A client has deleted its data of an erased person. Idempotent. */
export async function acknowledgeErasure(deps: PapDeps, id: string, by: Principal): Promise<void> {
  const service = forgetterOf(deps, by)
  if (!(await deps.people.isTold(service, id))) return
  await deps.record([{ kind: 'erasure_acknowledged', ...changeBy(by), target: id }])
  await deps.people.acknowledge(service, id)
  await deps.scrub()
}
