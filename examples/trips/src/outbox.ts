/**
 * Telling the PDP what the outbox holds. A message leaves it when the PDP has answered, never before.
 *
 * @module
 */
import type { PdpAdmin } from '@mandate/pep'
import { Fault } from '@mandate/protocol'
import type { PdpClient, TransferAnswer } from './pdp-client.ts'
import type { Message, TripStore } from './store.ts'

export interface OutboxDeps {
  readonly store: Pick<TripStore, 'outbox' | 'dropMessage' | 'settleTransfer'>
  readonly registry: Pick<PdpAdmin, 'unregister'>
  readonly pdp: Pick<PdpClient, 'transfer'>
}

/** @throws Fault `decision_unavailable`: the message stays. */
export async function deliver(message: Message, { store, registry, pdp }: OutboxDeps): Promise<TransferAnswer> {
  if (message.kind === 'unregister') {
    await registry.unregister(message.type, message.id)
    store.dropMessage(message.seq)
    return 'done'
  }
  const answer = await pdp.transfer(message.workflow, message.to)
  if (answer === 'done') store.settleTransfer(message)
  else store.dropMessage(message.seq)
  return answer
}

/** One after another; one that the PDP refuses does not keep the others. @throws the last Fault, when something is left. */
export async function emptyOutbox(deps: OutboxDeps): Promise<void> {
  let failure: unknown
  for (const message of deps.store.outbox()) {
    try {
      await deliver(message, deps)
    } catch (error) {
      failure = error
      if (error instanceof Fault && error.code === 'decision_unavailable') break
    }
  }
  if (failure !== undefined) throw failure
}
