/**
 * The port through which cases are played on a PDP, and the parties whose tokens the player uses.
 *
 * @module
 */
import type { Manifest } from '@mandate/pdp'

/** Claims of an access token. */
export interface PartyClaims {
  readonly sub: string
  /** Client that the token was issued to. */
  readonly azp: string
  /** Marks a token that a client got for itself (client credentials). */
  readonly svc?: string
  readonly roles?: readonly string[]
}

/** Response to one request: `body` is the parsed JSON, `undefined` where the response has none. */
export interface PlayedAnswer {
  readonly status: number
  readonly body: unknown
  readonly text: string
}

/** What cases are played on: a PDP that accepts tokens with any claims, and whose clock can be advanced. */
export interface PlayedPdp {
  call(method: string, path: string, as: PartyClaims, body: unknown): Promise<PlayedAnswer>
  /** The PDP's time, in milliseconds since 1970. */
  now(): number
  /** Advances the PDP's clock, in milliseconds. */
  advance(ms: number): void
}

/** Name of the client that stands for the domain's service. The PDP must accept it for {@link typesOf} (`PDP_SERVICES`). */
export const SERVICE_CLIENT = 'pack'

/** The resource types of a pack's service: those of the manifest, and the account. */
export function typesOf({ resources, account }: Manifest): readonly string[] {
  return [...Object.keys(resources), ...(account === undefined ? [] : [account])]
}

/** The domain's service. */
export const SERVICE: PartyClaims = {
  sub: `service-account-${SERVICE_CLIENT}`,
  azp: SERVICE_CLIENT,
  svc: SERVICE_CLIENT,
}
/** A person of the organization's staff with a role. */
export const staff = (role: string): PartyClaims => ({ sub: `staff-${role}`, azp: 'desktop', roles: [role] })
/** A person at the desktop app. */
export const person = (name: string): PartyClaims => ({ sub: name, azp: 'desktop' })
