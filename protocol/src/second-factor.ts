/**
 * Check of whether a token states that the person signed in with a second factor (`amr`, `acr`). Pure.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8176.html RFC 8176}
 * @module
 */
import { z } from 'zod'

/** Default rules for {@link hasSecondFactor}: a one-time code, a hardware key, or the provider's statement of multiple factors (RFC 8176, section 2). */
export const SECOND_FACTORS: readonly string[] = ['amr=otp', 'amr=hwk', 'amr=mfa']

/** One rule: `amr=VALUE` matches a value in the `amr` array, `acr=VALUE` the whole `acr` claim. */
export const secondFactorSchema = z.string().regex(/^(amr|acr)=\S+$/u, 'must be amr=VALUE or acr=VALUE')

/**
 * Whether the claims state a second factor.
 *
 * @param claims - Claims of a verified token, or of one received directly from the provider.
 * @param accepted - Rules ({@link secondFactorSchema}); one match is enough.
 */
export function hasSecondFactor(
  { amr, acr }: { readonly amr?: unknown; readonly acr?: unknown },
  accepted: readonly string[],
): boolean {
  const said = [...(Array.isArray(amr) ? amr.map((value) => `amr=${value}`) : []), `acr=${acr}`]
  return said.some((one) => accepted.includes(one))
}
