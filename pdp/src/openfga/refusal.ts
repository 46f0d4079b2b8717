/**
 * A response of OpenFGA that refuses the request: a wrong key, a wrong address, an invalid request. It says nothing about authority, so it is
 * `relations_unavailable`; the message names the cause and the setting to check, for operators.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'

/** Not retried, and not counted by the circuit breaker: OpenFGA is up. */
export class Refusal extends Fault {
  /** HTTP status of the response. */
  readonly status: number

  constructor(status: number, code: string) {
    super('relations_unavailable', `OpenFGA refused: ${status} ${code}: ${causeOf(status)}`)
    this.status = status
  }
}

/** Whether a status refuses the request, as opposed to a failure that a retry may mend. */
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

/** OpenFGA's error code, without its message: messages repeat request data. */
export function refusalCode(answer: unknown): string {
  const code = typeof answer === 'object' && answer !== null && 'code' in answer ? answer.code : undefined
  return typeof code === 'string' && /^[\w-]{1,64}$/u.test(code) ? code : 'unknown'
}
