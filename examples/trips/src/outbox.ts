/**
 * Delivers the outbox to the PDP. A message is removed only after the PDP has answered.
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

/** Delivers one message and removes it. @throws Fault `decision_unavailable` when the PDP does not answer; the message stays. */
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

/** Delivers every message in order. A message that the PDP refuses does not block the next. @throws The last Fault, when messages are left. */
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
