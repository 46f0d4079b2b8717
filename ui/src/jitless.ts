/**
 * The content security policy lets no code be made from text: zod need not try. Imported before anything that makes a schema.
 *
 * @module
 */
import { z } from 'zod'

z.config({ jitless: true })
