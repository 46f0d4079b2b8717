/**
 * How far the parts that follow the decision log are behind it.
 *
 * @module
 */
import { z } from 'zod'

const lagSchema = z
  .object({
    entries: z.int().min(0).describe('Entries that are not dealt with yet.'),
    seconds: z.number().min(0).describe('Age of the oldest of them; 0 when there is none.'),
  })
  .meta({ id: 'Lag', description: 'Number of entries that wait, and for how long.' })

/** Response of `GET /v1/log/lag`: size of the PDP's log, what no checkpoint covers yet, and what the index lacks. */
export const logLagSchema = z
  .object({
    origin: z.string().describe('Name of the log.'),
    entries: z.int().min(0).describe('Entries in the log, all of them durable.'),
    unpublished: lagSchema.describe('Entries that no published checkpoint covers yet.'),
    unindexed: lagSchema
      .optional()
      .describe('Entries that queries would not find yet; a query waits for them. Absent while the index is not open.'),
  })
  .meta({ id: 'LogLag', description: 'How far publication and the index are behind the log.' })
/** A parsed {@link logLagSchema}. */
export type LogLag = z.infer<typeof logLagSchema>
