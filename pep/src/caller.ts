/**
 * Who calls, for frameworks whose guards identify the caller themselves: found out once a request, however many guards ask.
 *
 * @module
 */
import type { Authz } from './authz.ts'
import {
  type Arrival,
  arrivalOf,
  type Identified,
  type IdentifyDeps,
  identify,
  type RequestHeaders,
} from './identify.ts'

/** One request's caller. */
export interface Caller {
  readonly arrival: Arrival
  /** @throws Fault as `identify`. */
  readonly identified: () => Promise<Identified>
}

/** @param keyOf - An object that stands for the request. */
export function createCallers(deps: IdentifyDeps): (key: object, headers: RequestHeaders) => Caller {
  const callers = new WeakMap<object, Caller>()
  return (key, headers) => {
    const known = callers.get(key)
    if (known) return known
    const arrival = arrivalOf(headers)
    let flight: Promise<Identified> | undefined
    const caller: Caller = {
      arrival,
      identified: () => {
        flight ??= identify(deps, headers, arrival)
        return flight
      },
    }
    callers.set(key, caller)
    return caller
  }
}

/** Puts the caller on a request, unless a guard has already, with the provider's further members. */
export async function identifyOn(
  request: { authz?: Authz | null | undefined },
  { identified }: Caller,
): Promise<Authz> {
  if (request.authz) return request.authz
  const { authz, attached } = await identified()
  Object.assign(request, attached, { authz })
  return authz
}
