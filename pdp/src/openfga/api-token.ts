/**
 * One of OpenFGA's preshared keys, which may be replaced while it is used.
 *
 * @module
 */

/** A value, or a function that returns the present one. */
export type ApiToken = string | (() => string | undefined) | undefined

export const presentToken = (token: ApiToken): string | undefined => (typeof token === 'function' ? token() : token)
