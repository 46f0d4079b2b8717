/**
 * `GET /labels`: names of trips, and of items of the trips that are asked for. The guard before it finds the trips that the caller may read.
 *
 * @module
 */
import { foundOf } from '@mandate/pep'
import { parseLabelIds } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import type { TripStore } from './store.ts'
import { templateOf } from './templates.ts'

export function labelsRoute(store: Pick<TripStore, 'trip'>): RequestHandler {
  return async (req, res) => {
    const asked = new Set(parseLabelIds(req.query['ids']))
    const labels: Record<string, string> = {}
    for (const id of foundOf(req).ids) {
      if (!asked.has(`workflow:${id}`)) continue
      const trip = await store.trip(id)
      if (!trip) continue
      labels[`workflow:${id}`] = templateOf(trip.workflow.template)?.title ?? trip.workflow.template
      for (const item of trip.items)
        if (asked.has(`workflow_item:${item.id}`)) labels[`workflow_item:${item.id}`] = item.name
    }
    res.json({ labels })
  }
}
