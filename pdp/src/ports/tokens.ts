/**
 * Bounds of the tokens that the identity provider issues.
 *
 * @module
 */

/** Longest accepted age of a token, in seconds. An ended session is stored for as long. */
export const MAX_TOKEN_AGE = 15 * 60
