/**
 * Domain services on the wire, for operators and auditors.
 *
 * @module
 */
import { z } from 'zod'

/** A domain service that the PDP's configuration registers (`PDP_SERVICES`). */
export const registeredServiceSchema = z
  .strictObject({
    id: z.string().describe('Client id at the identity provider.'),
    types: z.array(z.string()).describe('Resource types that it registers and asks about.'),
  })
  .meta({ id: 'RegisteredService' })
/** A parsed {@link registeredServiceSchema}. */
export type RegisteredService = z.infer<typeof registeredServiceSchema>
