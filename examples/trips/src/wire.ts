/**
 * Wire formats of trips' API: request bodies, and views of trips and items.
 *
 * @module
 */

import { type Authz, type DisclosedOutcome, disclosed, type Page, type Resource } from '@mandate/pep'
import { idSchema, instantSchema, personaNameSchema, refuse } from '@mandate/protocol'
import type { Request } from 'express'
import { z } from 'zod'
import type { TripAndItems } from './store.ts'
import type { Attempt, Item, Workflow } from './trip.ts'

/** Body of `POST /workflows`. `owner` names the account to create in; the caller's identity comes from the token alone. */
export const newTripSchema = z.strictObject({
  template: z.string().min(1).max(64),
  /** Departure; the template's default when absent. */
  starts_at: instantSchema.optional(),
  /** The owner's id, when a delegate creates for somebody else. */
  owner: idSchema.optional(),
})

/** Body of `PATCH …/items/:item`. Price and risk cannot be changed by a caller: they are the supplier's. */
export const itemChangeSchema = z.strictObject({ starts_at: instantSchema })

/** Body of `POST …/transfer`: the new owner's id, and their persona. */
export const transferSchema = z.strictObject({ owner: idSchema, owner_persona: personaNameSchema.optional() })

const listSchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** `next_cursor` of the page before. */
  cursor: z.string().min(1).max(4_096).optional(),
})

/** Parses the page of `GET /workflows?limit=…&cursor=…`. */
export function parsePage(req: Pick<Request, 'query'>): Page {
  const { limit, cursor } = parsed(listSchema, req.query)
  return { limit, ...(cursor === undefined ? {} : { token: cursor }) }
}

/** Parses a value with a schema. @throws Fault `invalid_request` naming the member. */
export function parsed<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value ?? {})
  if (result.success) return result.data
  throw refuse('invalid_request', z.prettifyError(result.error))
}

/** Maps an item to the resource of a PDP question, with attributes from the store. */
export function itemResource(item: Item): Resource {
  return {
    type: 'workflow_item',
    id: item.id,
    properties: { planned_price: item.plannedPrice, starts_at: item.startsAt, risk: item.risk },
  }
}

interface AttemptView extends Pick<Attempt, 'at' | 'subject' | 'effect'>, Omit<DisclosedOutcome, 'resource'> {
  readonly actor?: string
}

/** Maps an attempt for a reader. Values of the owner's limits are included only for the owner in person. */
function attemptView(attempt: Attempt, itemId: string, reader: Authz): AttemptView {
  const { at, subject, actor, effect } = attempt
  const { resource: _, ...outcome } = disclosed(
    {
      resource: { type: 'workflow_item', id: itemId },
      decision: attempt.decision,
      reason: attempt.reason,
      reasons: attempt.reasons,
      chain: attempt.chain,
      ...(attempt.evaluationId === undefined ? {} : { evaluationId: attempt.evaluationId }),
      ...(attempt.owner === undefined ? {} : { owner: attempt.owner }),
    },
    reader,
  )
  return { at, subject, ...(actor === undefined ? {} : { actor }), effect, ...outcome }
}

export function itemView(item: Item, reader: Authz) {
  return {
    id: item.id,
    name: item.name,
    status: item.status,
    planned_price: item.plannedPrice,
    starts_at: item.startsAt,
    risk: item.risk,
    version: item.version,
    ...(item.lastAttempt ? { last_attempt: attemptView(item.lastAttempt, item.id, reader) } : {}),
  }
}

export function workflowView(workflow: Workflow) {
  const { id, template, owner, ownerPersona, createdAt, version } = workflow
  return {
    id,
    template,
    owner,
    ...(ownerPersona === undefined ? {} : { owner_persona: ownerPersona }),
    created_at: createdAt,
    version,
  }
}

export function tripView({ workflow, items }: TripAndItems, reader: Authz) {
  return { ...workflowView(workflow), items: items.map((item) => itemView(item, reader)) }
}

/** Result of executing one item. */
export interface ItemResult extends Omit<DisclosedOutcome, 'resource'> {
  readonly item: string
  readonly name: string
  readonly status: Item['status']
  readonly effect: Attempt['effect']
}
