/**
 * Starts and stops the real servers, for `npm start` and for the tests.
 *
 * @module
 */
export { MissingToolError, StartError } from './errors.ts'
export { type OpenFga, type OpenFgaEngine, type OpenFgaOptions, startOpenFga } from './openfga.ts'
export { type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'
