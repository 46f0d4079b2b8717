/**
 * OpenFGA answers, but not our question: a wrong key, a wrong address, a request that it does not take. No authority can be read from that, so
 * it is `relations_unavailable`; the message names the cause and the setting to look at, for operators.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'

/** Asking again does not help, and says nothing about OpenFGA's health. */
export class Refusal extends Fault {
  /** The HTTP status. */
  readonly status: number

  constructor(status: number, code: string) {
    super('relations_unavailable', `OpenFGA refused: ${status} ${code}: ${causeOf(status)}`)
    this.status = status
  }
}

/** Whether a status means that OpenFGA does not take the request, as opposed to not being able to answer it now. */
export const isRefusal = (status: number): boolean => status < 500 && status !== 429

function causeOf(status: number): string {
  if (status === 401 || status === 403)
    return 'the key is not accepted; OPENFGA_API_TOKEN must be one of its preshared keys'
  if (status >= 300 && status < 400)
    return 'a redirect, which is not followed; OPENFGA_URL must be the address of OpenFGA itself'
  if (status === 404)
    return 'no such address, store or model; OPENFGA_URL must be the address of OpenFGA itself, and the store must not have been deleted while the PDP runs'
  if (status === 400 || status === 422) return 'a request that this version of OpenFGA does not take'
  return 'this is not an answer of OpenFGA; OPENFGA_URL must be the address of OpenFGA itself'
}

/** OpenFGA's error code alone: its messages repeat request data. */
export function refusalCode(answer: unknown): string {
  const code = typeof answer === 'object' && answer !== null && 'code' in answer ? answer.code : undefined
  return typeof code === 'string' && /^[\w-]{1,64}$/u.test(code) ? code : 'unknown'
}
