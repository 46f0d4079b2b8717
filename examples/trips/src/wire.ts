/**
 * What crosses trips' own API: request bodies, and views of trips and items.
 *
 * @module
 */

import { type Authz, type DisclosedOutcome, disclosed, type Page, type Resource } from '@mandate/pep'
import { idSchema, instantSchema, personaNameSchema, refuse } from '@mandate/protocol'
import type { Request } from 'express'
import { z } from 'zod'
import type { TripAndItems } from './store.ts'
import type { Attempt, Item, Workflow } from './trip.ts'

/** `POST /workflows`. `owner` is whose account is asked about, not who asks: that is in the token alone. */
export const newTripSchema = z.strictObject({
  template: z.string().min(1).max(64),
  /** Departure; the template's default when absent. */
  starts_at: instantSchema.optional(),
  /** The owner's id, when a delegate creates for somebody else. */
  owner: idSchema.optional(),
})

/** `PATCH …/items/:item`. Price and risk are the supplier's to say, not the caller's. */
export const itemChangeSchema = z.strictObject({ starts_at: instantSchema })

/** `POST …/transfer`: the new owner's id, and the persona in which it becomes theirs. */
export const transferSchema = z.strictObject({ owner: idSchema, owner_persona: personaNameSchema.optional() })

const listSchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** `next_cursor` of the page before. */
  cursor: z.string().min(1).max(4_096).optional(),
})

/** `GET /workflows?limit=…&cursor=…`. */
export function pageAsked(req: Pick<Request, 'query'>): Page {
  const { limit, cursor } = parsed(listSchema, req.query)
  return { limit, ...(cursor === undefined ? {} : { token: cursor }) }
}

/** @throws Fault `invalid_request` naming the member. */
export function parsed<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value ?? {})
  if (result.success) return result.data
  throw refuse('invalid_request', z.prettifyError(result.error))
}

/** An item as the PDP is asked about it: attributes as trips itself knows them. */
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

/** An attempt for a reader: figures of the owner's limits only for the owner in person. */
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

/** What executing one item came to. */
export interface ItemResult extends Omit<DisclosedOutcome, 'resource'> {
  readonly item: string
  readonly name: string
  readonly status: Item['status']
  readonly effect: Attempt['effect']
}
