/**
 * `mandate log lookup`: from a person's `sub` to their pseudonym in the log, for a case, by two auditors (ADR 0133).
 *
 * @module
 */
import { LOOKUP_HOURS, type Lookup, lookupResultSchema, lookupSchema, ulidSchema } from '@mandate/protocol'
import { z } from 'zod'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { usageError } from '../exit.ts'
import { minuteText, print, table } from '../output.ts'
import { connect } from '../pdp/client.ts'

interface RequestOptions extends ConnectionOptions {
  readonly case: string
}

const listSchema = z.object({ items: z.array(lookupSchema) })

export const requestLookup: Work<RequestOptions> = async (io, { options, args: [person = ''] }) => {
  const sub = subOf(person)
  const pdp = await connect(io, options)
  const body = { case: options.case, sub }
  const lookup = await pdp.call({ method: 'POST', path: '/v1/lookups', body }, lookupSchema)
  print(io, options, lookup, () => [
    `Look-up ${lookup.id} for case ${lookup.case} waits for another auditor, until ${minuteText(lookup.ends_at)}:`,
    `  mandate log lookup approve ${lookup.id} user:SUB`,
  ])
  return undefined
}

export const approveLookup: Work<ConnectionOptions> = async (io, { options, args: [id = '', person = ''] }) => {
  const path = `/v1/lookups/${requireLookupId(id)}/approve`
  const sub = subOf(person)
  const pdp = await connect(io, options)
  const lookup = await pdp.call({ method: 'POST', path, body: { sub } }, lookupSchema)
  print(io, options, lookup, () => [
    `Case ${lookup.case} is approved. The auditor who requested it can read the pseudonym until ${minuteText(lookup.ends_at)}.`,
  ])
  return undefined
}

export const showLookup: Work<ConnectionOptions> = async (io, { options, args: [id = ''] }) => {
  const path = `/v1/lookups/${requireLookupId(id)}/read`
  const pdp = await connect(io, options)
  const result = await pdp.call({ method: 'POST', path }, lookupResultSchema)
  print(io, options, result, () =>
    result.pseudonym === undefined
      ? [`Case ${result.case}: the PDP knows nobody by that sub.`]
      : [`Case ${result.case}: ${result.pseudonym}`, `  mandate log query --subject user:${result.pseudonym}`],
  )
  return undefined
}

export const listLookups: Work<ConnectionOptions> = async (io, { options }) => {
  const { items } = await (await connect(io, options)).call({ path: '/v1/lookups' }, listSchema)
  print(io, options, items, () =>
    items.length === 0
      ? [`No look-up was requested in the last ${LOOKUP_HOURS} hours.`]
      : table(['CASE', 'STATUS', 'REQUESTED BY', 'UNTIL', 'NEXT STEP', 'ID'], items.map(rowOf)),
  )
  return undefined
}

function rowOf({ id, case: number, status, mine, asked_by, ends_at }: Lookup): readonly string[] {
  return [number, status, mine ? 'you' : asked_by, minuteText(ends_at), nextStep(status, mine), id]
}

function nextStep(status: Lookup['status'], mine: boolean): string {
  if (mine) return status === 'approved' ? 'show' : 'another auditor approves'
  return status === 'approved' ? 'the other auditor reads' : 'approve'
}

/** `user:SUB`, or a sub. @throws CommandError (exit 64) for another type of party, and for nothing */
function subOf(person: string): string {
  const sub = person.replace(/^user:/u, '')
  if (sub === '' || /^(?:agent|service):/u.test(sub))
    throw usageError(`The person must be user:SUB, and is ${person || 'empty'}.`)
  return sub
}

/** @throws CommandError (exit 64) */
function requireLookupId(id: string): string {
  if (ulidSchema.safeParse(id).success) return id
  throw usageError(`The id of a look-up has 26 characters, such as 01KC0000000000000000000000, and is not ${id}.`)
}
