/**
 * Erasing a person (rule E4, ADR 0006): first all that they gave and hold ends, then it is recorded, then the services are told and the
 * vault's row goes, all at once. What is interrupted is finished; nothing of it can be taken back.
 *
 * @module
 */
import { type EpochMillis, type PartyRef, refuse, splitRef } from '@mandate/protocol'
import type { EntryDraft } from '../ports/recorder.ts'
import type { PersonErasure } from '../ports/stores.ts'
import { dropFactsOf } from './facts.ts'
import { finishEnd, inTurnOfEnd } from './grants.ts'
import { mutexKey } from './keyed-mutex.ts'
import { changeBy, finishing, type PapDeps, type Principal, person, withRole } from './pap.ts'
import { finishPersona } from './personas.ts'

/** What was done. */
export interface Erased {
  readonly id: string
  readonly at: EpochMillis
  readonly grants: number
  readonly personas: number
  readonly told: readonly string[]
  /** Of those told, who has not acknowledged. */
  readonly waiting: readonly string[]
}

type By = Pick<EntryDraft, 'caller' | 'request_id' | 'trace'>

/**
 * Erases a person: oneself, in person, or somebody else as an operator.
 *
 * @throws Fault `legal_hold` while an auditor holds it, `not_found` for whom the vault does not know (any more).
 */
export async function erasePerson(deps: PapDeps, who: PartyRef, by: Principal): Promise<Erased> {
  const asker = person(by)
  if (who !== asker) withRole(by, 'operator')
  return deps.mutex.run(mutexKey.person(who), async () => {
    if (await deps.people.isHeld(who)) throw refuse('legal_hold', 'An auditor holds what is kept of this person.')
    if ((await deps.vault.subOf(who)) === undefined) throw refuse('not_found', 'Nobody is known by that pseudonym.')
    const erasure = { id: deps.newId(), person: who, by: asker, at: deps.clock() }
    await deps.people.putErasure(erasure)
    return finishing(deps, () => finishErasure(deps, erasure, changeBy(by)))
  })
}

/** Goes through all of it; what was done before is found done. */
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
    await deps.transaction(async ({ vault, register, answers, invitations, people }) => {
      const encrypted = await vault.erase(who)
      await register.eraseWordsOf(who)
      await answers.dropOf(who)
      await invitations.withdrawAllOf(who)
      await people.completeErasure(erasure, encrypted, told)
    })
  } finally {
    ended()
  }
  await deps.scrub()
}

/** Those they gave and those they hold; what others made of the former hangs from them and is dead with them (rule E2). */
async function endGrants(deps: PapDeps, { person: who, by: asker, at }: PersonErasure, by: By): Promise<number> {
  const { register, mutex } = deps
  const live = await mutex.run(mutexKey.grantsBy(who), () => register.unendedOf(who, at))
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
  return deps.mutex.run(mutexKey.personasOf(who), async () => {
    await deps.narrowings.finishAll(mutexKey.personasOf(who))
    const held = (await deps.register.personas(who)).filter(({ status }) => status !== 'revoked')
    for (const persona of held) await finishPersona(deps, { ...persona, status: 'revoked', autonomy: undefined }, by)
    return held.length
  })
}

/** Sets or lifts a legal hold. Recorded first: neither gives anybody any authority, and both must be known. */
export async function holdPerson(deps: PapDeps, who: PartyRef, held: boolean, by: Principal): Promise<void> {
  withRole(by, 'auditor')
  await deps.mutex.run(mutexKey.person(who), async () => {
    if ((await deps.vault.subOf(who)) === undefined) throw refuse('not_found', 'Nobody is known by that pseudonym.')
    if ((await deps.people.isHeld(who)) === held) return
    await deps.record([{ kind: 'legal_hold_changed', ...changeBy(by), target: who, change: { held } }])
    await deps.people.setHold(who, held ? { by: person(by), at: deps.clock() } : undefined)
  })
}

/** Who still has to delete what it holds of a person who was erased; for operators, who can ask them. */
export async function waitingErasure(
  { people }: Pick<PapDeps, 'people'>,
  id: string,
  by: Principal,
): Promise<readonly string[]> {
  withRole(by, 'operator')
  return people.waitingFor(id)
}

/** A service or an agent that is told whom to forget, with its own token. */
export function forgetterOf({ forgetters }: Pick<PapDeps, 'forgetters'>, by: Principal): string {
  const client = by.onlyAsks ? undefined : /^(?:service|agent):(?<client>.+)$/su.exec(by.name)?.groups?.['client']
  if (client !== undefined && forgetters.includes(client)) return client
  throw refuse('forbidden', 'This is for services and agents that keep something of people, each with its own token.')
}

/** A service has deleted what it held of an erased person. Again is no change. */
export async function acknowledgeErasure(deps: PapDeps, id: string, by: Principal): Promise<void> {
  const service = forgetterOf(deps, by)
  if (!(await deps.people.isTold(service, id))) return
  await deps.record([{ kind: 'erasure_acknowledged', ...changeBy(by), target: id }])
  await deps.people.acknowledge(service, id)
  await deps.scrub()
}
