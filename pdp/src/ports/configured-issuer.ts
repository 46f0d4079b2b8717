/**
 * The issuer that everything stored belongs to, as configured.
 *
 * @module
 */

/** Stores of another issuer are refused, except of the former one, which is replaced. */
export interface ConfiguredIssuer {
  /** `PDP_ISSUER`. */
  readonly issuer: string
  /** `PDP_FORMER_ISSUER`: the issuer that {@link issuer} replaces. */
  readonly former: string | undefined
}
