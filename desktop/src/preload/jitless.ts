/**
 * No code is made from text in the window's process: zod need not try. Imported before anything that makes a schema.
 *
 * @module
 */
import { z } from 'zod'

z.config({ jitless: true })
