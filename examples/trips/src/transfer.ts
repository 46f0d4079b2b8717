/**
 * A trip changes hands. The owner gives it away in person: nobody to whom they granted something can (rules A6, B1).
 *
 * @module
 */
import { authzOf, refOf } from '@mandate/pep'
import { Fault } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import type { Agency } from './agency.ts'
import { etagOf, versionExpected } from './etag.ts'
import type { TripStore } from './store.ts'
import { parsed, transferSchema, workflowView } from './wire.ts'

export interface TransferDeps {
  readonly store: Pick<TripStore, 'trip'>
  readonly agency: Agency
}

/** 200 when it is done; 202 when the PDP could not say, and the outbox will see to it. */
export function transferRoute({ store, agency }: TransferDeps): RequestHandler {
  return async (req, res) => {
    const { inPerson, outcome, subject } = authzOf(req)
    if (!inPerson || outcome?.owner !== refOf(subject))
      throw new Fault('in_person_only', 'a trip is given away by its owner')
    const trip = await store.trip(String(req.params['id']))
    if (!trip) throw new Fault('not_found', 'the trip is not here')
    const { owner, owner_persona } = parsed(transferSchema, req.body)
    const to = { owner: `user:${owner}`, ownerPersona: owner_persona }
    if ((await agency.transfer(trip.workflow, to, versionExpected(req))) === 'pending') {
      res.status(202).json({ ...workflowView(trip.workflow), transfer: 'pending' })
      return
    }
    const { workflow } = (await store.trip(trip.workflow.id)) ?? trip
    res.set('ETag', etagOf(workflow)).json(workflowView(workflow))
  }
}
