/**
 * Telling the PDP what the outbox holds. A message leaves it when the PDP has answered, never before.
 *
 * @module
 */
import type { PdpAdmin } from '@mandate/pep'
import { Fault } from '@mandate/protocol'
import type { Message, TripStore } from './store.ts'

export interface OutboxDeps {
  readonly store: Pick<TripStore, 'outbox' | 'dropMessage' | 'settleTransfer'>
  readonly pdp: Pick<PdpAdmin, 'unregister' | 'transfer'>
}

/** @throws Fault `decision_unavailable`: the message stays. */
export async function deliver(message: Message, { store, pdp }: OutboxDeps): Promise<'done' | 'refused'> {
  if (message.kind === 'unregister') {
    await pdp.unregister(message.type, message.id)
    await store.dropMessage(message.seq)
    return 'done'
  }
  const { owner, ownerPersona } = message.to
  const persona = ownerPersona === undefined ? {} : { owner_persona: ownerPersona }
  const answer = await pdp.transfer('workflow', message.workflow, { owner, ...persona })
  if (answer === 'done') await store.settleTransfer(message)
  else await store.dropMessage(message.seq)
  return answer
}

/** One after another; one that the PDP refuses does not keep the others. @throws the last Fault, when something is left. */
export async function emptyOutbox(deps: OutboxDeps): Promise<void> {
  let failure: unknown
  for (const message of await deps.store.outbox()) {
    try {
      await deliver(message, deps)
    } catch (error) {
      failure = error
      if (error instanceof Fault && error.code === 'decision_unavailable') break
    }
  }
  if (failure !== undefined) throw failure
}
