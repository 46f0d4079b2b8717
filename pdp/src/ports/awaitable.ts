/**
 * Results of ports that are often at hand and sometimes have to be waited for.
 *
 * @module
 */

/** A value, or a promise of it where it has to be waited for. */
export type Awaitable<T> = T | Promise<T>
