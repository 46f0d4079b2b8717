/**
 * Names of OpenFGA's stores.
 *
 * @module
 */
import { z } from 'zod'

/** `OPENFGA_STORE`. OpenFGA answers a name of another form with 400 and the text of a regular expression. */
export const storeNameSchema = z
  .string()
  .regex(
    /^[\w\s.\-/^&@]{3,64}$/,
    'OpenFGA takes names of 3 to 64 letters, digits, spaces and any of . - _ / ^ & @ only',
  )
