/**
 * Whether a token says that its person signed in by a second factor. Pure.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8176.html RFC 8176}
 * @module
 */
import { z } from 'zod'

/** `amr` values that say so: a one-time code, a key in hardware, or whatever the provider counts as several factors. */
export const SECOND_FACTORS: readonly string[] = ['amr=otp', 'amr=hwk', 'amr=mfa']

/** One way to say so: a value in `amr`, or the whole of `acr`. */
export const secondFactorSchema = z.string().regex(/^(amr|acr)=\S+$/u, 'must be amr=VALUE or acr=VALUE')

/**
 * @param claims - Of a token that was verified, or came straight from the provider.
 * @param accepted - Each as {@link secondFactorSchema} has it. Any one of them is enough.
 */
export function hasSecondFactor(
  { amr, acr }: { readonly amr?: unknown; readonly acr?: unknown },
  accepted: readonly string[],
): boolean {
  const said = [...(Array.isArray(amr) ? amr.map((value) => `amr=${value}`) : []), `acr=${acr}`]
  return said.some((one) => accepted.includes(one))
}
