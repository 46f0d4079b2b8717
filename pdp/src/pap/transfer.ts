/**
 * Transfer of a resource to another owner or persona (rule B1): it gets a new deed, which ends every grant on it permanently.
 *
 * @module
 */
import { type PartyRef, type ResourceRef, refuse, splitRef } from '@mandate/protocol'
import type { Located } from '../ports/grants.ts'
import { personaName } from '../ports/persona-id.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import type { Transfer } from '../ports/stores.ts'
import { lockKey } from './lock-keys.ts'
import { changeBy, finishing, type PapDeps, type Principal } from './pap.ts'
import { personaForOwner } from './personas.ts'
import { describedResource, locateFresh, requireType } from './registered-resource.ts'

export interface TransferRequest {
  readonly owner: PartyRef
  readonly ownerPersona: string | undefined
}

/**
 * Transfers a root resource with all its parts. Idempotent. A transfer that fails half way is completed, never undone: the old owner's grants stay ended.
 */
export async function transferResource(
  deps: PapDeps,
  resource: ResourceRef,
  { owner, ownerPersona }: TransferRequest,
  by: Principal,
): Promise<Located> {
  const { manifest } = requireType(deps, resource, by)
  return deps.locks.run(lockKey.resource(resource), async () => {
    await finishTransferOf(deps, resource, changeBy(by))
    const from = await locateFresh(deps, resource)
    if (!from) throw refuse('not_found', 'That resource is not registered.')
    if (from.ancestors.length > 0)
      throw refuse('invalid_request', 'It belongs to its parent, whoever owns that: transfer the topmost resource.')
    if (splitRef(owner).type !== 'user')
      throw refuse('invalid_request', 'owner: must be user:<id>; an agent owns nothing.')
    const persona = await personaForOwner(deps, owner, ownerPersona, manifest)
    if (from.owner === owner && from.persona === persona) return from
    const to = { ...from, owner, persona, deed: deps.newId() }
    const transfer = { from, to, at: deps.clock(), recorded: false }
    await deps.intents.putTransfer(transfer)
    try {
      await deps.record([await entryOf(deps, transfer, changeBy(by))])
    } catch (cause) {
      await deps.intents.dropTransfer(resource)
      throw cause
    }
    await finishing(deps, () => carryOut(deps, { ...transfer, recorded: true }))
    return to
  })
}

type By = Pick<EntryDraft, 'caller' | 'request_id' | 'trace'>

/** Completes a pending transfer of the resource, if there is one. The caller holds the resource's lock. */
export async function finishTransferOf(deps: PapDeps, resource: ResourceRef, by: By): Promise<void> {
  const transfer = await deps.intents.transferOf(resource)
  if (!transfer) return
  await deps.leases.require('transfer', resource)
  if (!transfer.recorded) await deps.record([await entryOf(deps, transfer, by)])
  await carryOut(deps, { ...transfer, recorded: true })
}

async function carryOut({ intents, authority, transaction }: PapDeps, transfer: Transfer): Promise<void> {
  await intents.putTransfer(transfer)
  await authority.transfer(transfer.to)
  await transaction(async ({ register, intents }) => {
    await register.endGrantsUnder(transfer.from.deed, transfer.at)
    await register.putResource(transfer.to)
    await intents.completeTransfer(transfer)
  })
}

/** Names both owners, so that both find the entry. */
async function entryOf(deps: PapDeps, { from, to }: Transfer, by: By): Promise<EntryDraft> {
  return {
    kind: 'resource_transferred',
    ...by,
    subject: from.owner,
    ...(await describedResource(deps, to)),
    change: { from: from.owner, to: to.owner, ...(to.persona ? { persona: personaName(to.persona) } : {}) },
  }
}
