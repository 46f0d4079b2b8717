/**
 * Transfer of a trip to another owner. Only the owner in person may transfer it; no delegate can (rules A6, B1).
 *
 * @module
 */
import { authzOf, refOf } from '@mandate/pep'
import { Fault } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { etagOf, versionExpected } from './etag.ts'
import type { TripStore } from './store.ts'
import type { TripService } from './trip-service.ts'
import { parsed, transferSchema, workflowView } from './wire.ts'

export interface TransferDeps {
  readonly store: Pick<TripStore, 'trip'>
  readonly tripService: TripService
}

/** `POST …/transfer`: 200 when the PDP confirmed; 202 when it did not answer, and the outbox retries. */
export function transferRoute({ store, tripService }: TransferDeps): RequestHandler {
  return async (req, res) => {
    const { inPerson, outcome, subject } = authzOf(req)
    if (!inPerson || outcome?.owner !== refOf(subject))
      throw new Fault('in_person_only', 'only the owner in person may transfer a trip')
    const trip = await store.trip(String(req.params['id']))
    if (!trip) throw new Fault('not_found', 'unknown trip')
    const { owner, owner_persona } = parsed(transferSchema, req.body)
    const to = { owner: `user:${owner}`, ownerPersona: owner_persona }
    if ((await tripService.transfer(trip.workflow, to, versionExpected(req))) === 'pending') {
      res.status(202).json({ ...workflowView(trip.workflow), transfer: 'pending' })
      return
    }
    const { workflow } = (await store.trip(trip.workflow.id)) ?? trip
    res.set('ETag', etagOf(workflow)).json(workflowView(workflow))
  }
}
