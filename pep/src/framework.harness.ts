/**
 * For the contract of the guards: what each framework's harness serves. The same service, written as that framework's users would.
 *
 * | route | guard | answers |
 * | --- | --- | --- |
 * | `GET /livez` | open | `{ status }` |
 * | `GET /notes` | filter | what was found |
 * | `POST /notes` | enforce `create` on the body's id; bodies up to 1 KiB | `{ id }` |
 * | `GET /notes/:id` | enforce `read` | `{ id, subject, actor }` of the permit |
 * | `GET /private/:id` | enforce `read`, in person only | `{}` |
 * | `GET /buttons/:id` | enforce `read` | what `decideActions` says of `edit` and `share` |
 * | `GET /links/:id` | enforce `read` | `{ edit, token }`: what `can` says, and whether the access token is known |
 * | `POST /print` | enforceEach of `a` and `b` | the decisions |
 * | `POST /print/dry-run` | dryRun of the same | |
 * | `GET /fails` | open | throws {@link BUG} |
 * | `GET /conflict` | open | does {@link CALL}, which throws a Fault `conflict` |
 * | `GET /stray` | none: middleware, or the like, answers {@link SECRET} | |
 *
 * @module
 */
import type { AddressInfo } from 'node:net'
import { Fault } from '@mandate/protocol'
import type { LimitedPepOptions } from './limits.ts'
import type { Resource } from './outcome.ts'

export interface Served {
  readonly url: string
  /** Closes the server, and the enforcement point. */
  readonly close: () => Promise<void>
}

export interface Framework {
  readonly name: string
  /** @param withBareRoute - Adds a route `GET /bare` without a guard. @throws TypeError then: the service does not start. */
  readonly serve: (options: LimitedPepOptions, withBareRoute?: boolean) => Promise<Served>
}

/** Bytes of a body. */
export const BODY_LIMIT = 1_024
export const SECRET = { secret: 'of a middleware' }
export const BUG = 'no such column'
export const note = (id: string): Resource => ({ type: 'note', id })
export const PRINTED = { action: 'print', resources: () => [note('a'), note('b')] }
export const ACTIONS = ['edit', 'share'] as const
export const idOf = (body: unknown): string => String((body as { readonly id?: unknown } | undefined)?.id ?? 'none')
export const decisionsOf = (outcomes: Readonly<Record<string, { readonly decision: boolean }>>): object =>
  Object.fromEntries(Object.entries(outcomes).map(([action, { decision }]) => [action, decision]))

export const urlOf = (address: AddressInfo | string | null): string =>
  `http://127.0.0.1:${(address as AddressInfo).port}`

/** What the handler of `GET /conflict` awaits. Another test may put a call of its own here. */
export const CALL = {
  run: async (): Promise<void> => {
    throw new Fault('conflict', 'words for the log', { detail: 'Taken.' })
  },
}
