/**
 * Turns off code generation in zod, which the content security policy forbids. Must be imported before any module that makes a schema.
 *
 * @module
 */
import { z } from 'zod'

z.config({ jitless: true })
