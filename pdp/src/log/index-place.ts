/**
 * Location of an index: a file or a PostgreSQL database.
 *
 * @module
 */

/** Whether a location is a PostgreSQL database rather than a file. */
export const isPostgres = (place: string): boolean => /^postgres(?:ql)?:\/\//u.test(place)
