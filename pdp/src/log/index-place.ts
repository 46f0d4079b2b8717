/**
 * Where an index is.
 *
 * @module
 */

/** Whether a place is a PostgreSQL database and not a file. */
export const isPostgres = (place: string): boolean => /^postgres(?:ql)?:\/\//u.test(place)
