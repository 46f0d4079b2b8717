/**
 * Who calls, for frameworks whose guards identify the caller themselves: found out once a request, however many guards ask.
 *
 * @module
 */
import type { ServerResponse } from 'node:http'
import type { Authz } from './authz.ts'
import {
  type Arrival,
  arrivalOf,
  type Identified,
  type IdentifyDeps,
  identify,
  type RequestHeaders,
} from './identify.ts'
import type { LimitChecks } from './limits.ts'

/** One request's caller. */
export interface Caller {
  readonly arrival: Arrival
  /** Before anything is verified. Counts the request once, however many guards ask. @throws Fault `too_many_requests` */
  readonly admit: (address: string | undefined, res: ServerResponse | undefined) => Promise<void>
  /** @throws Fault as `identify`, and `too_many_requests`. */
  readonly identified: () => Promise<Identified>
}

/** Finds the caller of a request. `key` is an object that stands for it. */
export type Callers = (key: object, headers: RequestHeaders) => Caller

/** @param limits - What a caller may ask for. @default no limit */
export function createCallers(deps: IdentifyDeps, limits?: LimitChecks): Callers {
  const callers = new WeakMap<object, Caller>()
  return (key, headers) => {
    const known = callers.get(key)
    if (known) return known
    const arrival = arrivalOf(headers)
    let flight: Promise<Identified> | undefined
    let admission: Promise<void> | undefined
    const identified = async (): Promise<Identified> => {
      const found = await identify(deps, headers, arrival)
      await limits?.byCaller(found.authz)
      return found
    }
    const caller: Caller = {
      arrival,
      admit: async (address, res) => {
        admission ??= limits?.atTheDoor(address, res)
        await admission
      },
      identified: () => {
        flight ??= identified()
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
