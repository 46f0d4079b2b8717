/**
 * Puts the questions that one request asks within one turn of the event loop in one batch. Questions of different requests never share a call, and
 * each question gets the answer, the entry and the failure that are its own.
 *
 * @module
 */
import type { Question } from './decider.ts'
import type { Outcome, Resource } from './outcome.ts'

/** One question of a batch. */
export interface Item {
  readonly action: string
  readonly resource: Resource
}

/** What a batch is asked for and by when. */
export type Asking = Pick<Question, 'authz' | 'deadline' | 'signal'>

/** What one caller asked: one question, or all of its batch. */
export interface Part {
  readonly asking: Asking
  readonly items: readonly Item[]
  /** Whether it was asked as a batch, and stays one when it is alone. */
  readonly isBatch: boolean
}

/** How parts are asked. Outcomes are in the order of the items. */
export interface Asker {
  readonly alone: (part: Part) => Promise<readonly Outcome[]>
  /** One outcome or error an item. @returns `refused` when the PDP refused the batch as a whole because of what it holds: nothing was decided. */
  readonly together: (asking: Asking, items: readonly Item[]) => Promise<readonly (Outcome | Error)[] | 'refused'>
}

interface Waiting extends Part {
  readonly resolve: (outcomes: readonly Outcome[]) => void
  readonly reject: (error: unknown) => void
}

/** @param maxItems - Questions in one batch at most. A part is never split: a larger one is asked alone. */
export function createCoalescer(asker: Asker, maxItems: number) {
  const byRequest = new WeakMap<object, Waiting[]>()
  const flush = (request: object): void => {
    const waiting = byRequest.get(request) ?? []
    byRequest.delete(request)
    for (const parts of groupsOf(waiting, maxItems)) void settle(asker, parts)
  }
  return (request: object, part: Part): Promise<readonly Outcome[]> =>
    new Promise((resolve, reject) => {
      const waiting = byRequest.get(request)
      const entry = { ...part, resolve, reject }
      if (waiting) waiting.push(entry)
      else {
        byRequest.set(request, [entry])
        setImmediate(flush, request)
      }
    })
}

/** Parts that may share a call: of the same caller, before the same deadline, and few enough. */
function groupsOf(waiting: readonly Waiting[], maxItems: number): readonly (readonly Waiting[])[] {
  if (waiting.length === 1) return [waiting]
  const groups: Waiting[][] = []
  const open = new Map<string, { readonly parts: Waiting[]; size: number }>()
  for (const part of waiting) {
    const key = part.asking.signal === undefined ? sameCall(part.asking) : undefined
    const last = key === undefined ? undefined : open.get(key)
    if (last && last.size + part.items.length <= maxItems) {
      last.parts.push(part)
      last.size += part.items.length
      continue
    }
    const parts = [part]
    groups.push(parts)
    if (key !== undefined) open.set(key, { parts, size: part.items.length })
  }
  return groups
}

/** Equal for questions that differ in nothing but action and resource. */
function sameCall({ authz, deadline }: Asking): string {
  const { subject, actor, sid, issuedAt, persona, requestId } = authz
  const parties = [subject.type, subject.id, actor?.type, actor?.id]
  return JSON.stringify([
    ...parties,
    sid,
    issuedAt,
    persona,
    requestId,
    authz.deadline,
    deadline?.at,
    deadline?.byCaller,
  ])
}

async function settle(asker: Asker, parts: readonly Waiting[]): Promise<void> {
  const [first] = parts
  if (first === undefined) return
  if (parts.length === 1) return await settleAlone(asker, first)
  try {
    const results = await asker.together(
      first.asking,
      parts.flatMap(({ items }) => items),
    )
    // One part may be why the whole batch was refused: the others must not fail with it.
    if (results === 'refused') return void parts.map((part) => settleAlone(asker, part))
    handOut(parts, results)
  } catch (error) {
    for (const { reject } of parts) reject(error)
  }
}

async function settleAlone(asker: Asker, part: Waiting): Promise<void> {
  try {
    part.resolve(await asker.alone(part))
  } catch (error) {
    part.reject(error)
  }
}

function handOut(parts: readonly Waiting[], results: readonly (Outcome | Error)[]): void {
  let from = 0
  for (const { items, resolve, reject } of parts) {
    const own = results.slice(from, from + items.length)
    from += items.length
    const failed = own.find((result) => result instanceof Error)
    if (failed) reject(failed)
    else resolve(own.filter((result): result is Outcome => !(result instanceof Error)))
  }
}
