/**
 * Names of PostgreSQL's session advisory locks. Each kind hashes its names by a seed of its own to 64 bits.
 *
 * @module
 */

const SEEDS = {
  /** Held by a running PDP, by its log origin. A free one shows that no PDP of the origin is running. */
  origin: 0x6d_70_01,
  /** Held by one connection of a PDP, by a random id. A free one shows that the locks of that connection are lost. */
  session: 0x6d_70_02,
  /** Held by a running PDP for each of its vault keys, by its log origin and the key's id. */
  vaultKey: 0x6d_70_07,
  /** A lock of the port `Locks`. */
  lock: 0x6d_70_03,
  /** Shared by the open transactions of tasks that began under a lock. */
  transaction: 0x6d_70_06,
  /** Shared by those that wait for a lock. */
  waiting: 0x6d_70_04,
  /** Shared by those that wait for a lock urgently. */
  urgent: 0x6d_70_05,
} as const

/**
 * The SQL expression of a lock's key.
 *
 * @param name - An SQL expression of type text.
 */
export const lockId = (kind: keyof typeof SEEDS, name: string): string => `hashtextextended(${name}, ${SEEDS[kind]})`
