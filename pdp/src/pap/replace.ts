/**
 * Replacement of a grant (rule C6): one atomic Write ends the old grant and issues the new one, and moves the named grants below it. A grant's body is
 * immutable, so a moved grant is a new grant of the same delegator under the new parent (ADR 0005).
 *
 * @module
 */
import { type GrantRequest, type PartyRef, refuse } from '@mandate/protocol'
import { giverOf, personaFits, widening } from '../decide/chain.ts'
import type { GrantBody, GrantRecord } from '../ports/grants.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import { grantsOnPath } from '../ports/register.ts'
import { type Exchanged, type Replacement, replacementId } from '../ports/stores.ts'
import { faultEntry, issuedEntry, viewOf } from './grant-view.ts'
import { type PapDeps, requirePresent } from './pap.ts'
import { requireRoom } from './seat-room.ts'

type By = Pick<EntryDraft, 'caller' | 'request_id' | 'trace'>

/**
 * @returns pairs of old and new grant, the replaced one first
 * @throws Fault when the delegator did not give the old grant, when it has ended, or when a moved grant does not fit under the new one.
 */
export async function planReplacement(
  deps: PapDeps,
  { replaces, moves = [] }: Pick<GrantRequest, 'replaces' | 'moves'>,
  grant: GrantBody,
): Promise<readonly Exchanged[]> {
  if (replaces === undefined) {
    if (moves.length === 0) return []
    throw refuse('grant_invalid', 'moves: needs replaces.', { field: 'moves' })
  }
  const old = await deps.register.byId(replaces)
  if (!old || old.delegator !== grant.delegator)
    throw refuse('grant_unknown', 'replaces: there is no such grant among those you gave.')
  if ((await viewOf(old, deps)).status !== 'live') throw refuse('conflict', 'replaces: that grant has ended already.')
  if (grant.path.includes(old.id))
    throw refuse('chain_cycle', 'parent: the grant cannot come from the one it replaces.')
  const exchanged = new Map<string, Exchanged>([[old.id, { from: old, to: grant }]])
  for (const child of await movedInOrder(deps, moves)) {
    const parent = child.parent === undefined ? undefined : exchanged.get(child.parent)?.to
    if (!parent || exchanged.has(child.id))
      throw moveRefused('each must be a live grant right below one that is exchanged.')
    exchanged.set(child.id, { from: child, to: await movedBelow(deps, child, parent, grant.createdAt) })
  }
  const all = [...exchanged.values()]
  if (deps.authority.fits(all)) return all
  throw moveRefused('these are more than one atomic change can hold. Name fewer; the others end with the old grant.')
}

const moveRefused = (detail: string) => refuse('grant_invalid', `moves: ${detail}`, { field: 'moves' })

/** The grants to move, parents before children. */
async function movedInOrder(deps: PapDeps, moves: readonly string[]): Promise<readonly GrantRecord[]> {
  const found: GrantRecord[] = []
  for (const id of moves) {
    const grant = await deps.register.byId(id)
    if (!grant || (await viewOf(grant, deps)).status !== 'live')
      throw moveRefused('each must be a live grant below the one that is replaced.')
    found.push(grant)
  }
  return found.sort((a, b) => a.path.length - b.path.length)
}

/** Builds a moved grant's body, by the same rules as for issuing a grant under this parent. */
async function movedBelow(deps: PapDeps, child: GrantRecord, parent: GrantBody, now: number): Promise<GrantBody> {
  const { revokedAt: _at, revokedBy: _by, revokeReason: _reason, replacedBy: _successor, ...body } = child
  const id = deps.newId()
  const moved: GrantBody = {
    ...body,
    id,
    parent: parent.id,
    path: [...parent.path, id],
    givers: [...new Set([...parent.givers, giverOf(child)])],
    createdAt: now,
  }
  if (child.delegator !== parent.delegate) throw moveRefused('the new grant is for somebody else than gave these.')
  if (!personaFits(child.delegatorPersona, parent.asks))
    throw refuse('grant_persona', `moves: the new grant must be used as ${parent.asks}.`, { field: 'moves' })
  if (moved.path.length > deps.maxDepth) throw refuse('chain_depth', `A chain has at most ${deps.maxDepth} links.`)
  const above = await grantsOnPath(deps.register, parent.path)
  if (above.some(({ delegator }) => delegator === child.delegate) || child.delegate === parent.owner)
    throw refuse('chain_cycle', 'moves: a delegate already stands in the new chain.')
  const field = widening(moved, parent)
  if (field)
    throw refuse('grant_widened', `moves: ${field}: a moved grant may not give more than its new parent.`, {
      field: 'moves',
    })
  return moved
}

/** Carries out a replacement: records the new grants, writes, then records the ends of the old ones. */
export async function carryOutReplacement(
  deps: PapDeps,
  exchanged: readonly Exchanged[],
  party: PartyRef,
  by: By,
): Promise<void> {
  const { record, authority, clock, unfinished } = deps
  const replacement: Replacement = { exchanged, by: party, at: clock() }
  await deps.transaction(async ({ register, intents, people, vault }) => {
    for (const { to } of exchanged) await requirePresent({ people, vault }, to.delegator, to.delegate)
    const [first] = exchanged
    if (first) await requireRoom(register, first.to, exchanged, replacement.at)
    await register.proposeExchange(exchanged, replacement.at)
    await intents.putReplacement(replacement)
  })
  try {
    await record(exchanged.map(({ from, to }) => issuedEntry(to, by, { replaces: from.id })))
    await authority.replace(exchanged, party, replacement.at)
  } catch (cause) {
    // A Write without an answer may have been applied: then the replacement is complete.
    const landed = await finishReplacement(deps, replacement, by).catch(unfinished)
    if (landed !== true) throw cause
    return
  }
  await finishReplacement(deps, replacement, by).catch((cause: unknown) => {
    unfinished()
    throw cause
  })
}

/** The pending replacement that a grant is part of, as old or as new grant. */
export const replacementWith = async (
  { intents }: Pick<PapDeps, 'intents'>,
  id: string,
): Promise<Replacement | undefined> =>
  (await intents.replacements()).find(({ exchanged }) =>
    exchanged.some(({ from, to }) => from.id === id || to.id === id),
  )

/** Completes pending replacements of one delegator. The caller holds the lock of the delegator's grants. */
export async function finishReplacementsBy(deps: PapDeps, party: PartyRef, by: By): Promise<void> {
  for (const replacement of await deps.intents.replacements())
    if (replacement.by === party) await finishReplacement(deps, replacement, by)
}

/** Completes the register and the log according to OpenFGA. @returns whether the replacement was carried out */
export async function finishReplacement(
  { authority, leases, transaction, record, seatCleanup }: PapDeps,
  replacement: Replacement,
  by: By,
): Promise<boolean> {
  await leases.require('replacement', replacementId(replacement))
  const { exchanged } = replacement
  const [first] = exchanged
  const landed = first !== undefined && (await authority.isLive(first.to))
  if (!landed) {
    await record(exchanged.map(({ to }) => faultEntry(to, by)))
    await transaction(async ({ register, intents }) => {
      await register.dropExchange(exchanged)
      await intents.dropReplacement(replacement)
    })
    return false
  }
  await record(
    exchanged.map(({ from, to }) => ({
      kind: 'grant_revoked',
      ...by,
      owner: from.owner,
      target: from.id,
      change: { by: replacement.by, replaced_by: to.id },
    })),
  )
  await transaction(async ({ register, intents }) => {
    await register.completeExchange(exchanged, replacement.by, replacement.at)
    await intents.dropReplacement(replacement)
  })
  seatCleanup.removeBelow(exchanged.map(({ from }) => from.id))
  return true
}
